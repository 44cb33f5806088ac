# tamis for Dovecot's Sieve (Pigeonhole): judge every message, put spam into its folder.
#
# A script of the site, run before those of the users. Installation, with the settings of rules/README.md:
#
#     cp tamis.sieve /etc/dovecot/sieve/tamis.sieve && sievec /etc/dovecot/sieve/tamis.sieve
#     cp tamis-filter /usr/local/lib/dovecot-filter/tamis-filter
#
# If the filter fails or is missing, the message as it came goes on to the user's own script and the inbox;
# its X-DSPAM lines are then its sender's, and are not looked at here.
require ["vnd.dovecot.filter", "fileinto", "mailbox"];

if filter "tamis-filter" {
    if header :is "X-DSPAM-Result" "Spam" {
        # With a prefix in the namespace: "INBOX.Spam".
        fileinto :create "Spam";
        stop;
    }
}
