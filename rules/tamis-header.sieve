# tamis for any Sieve: put into its folder what was judged to be spam before it came here.
#
# A user's own script, for hosts where the mail system runs tamis (Postfix, Exim, fetchmail): it needs nothing of Dovecot's
# own. A message that was not judged has no X-DSPAM-Result and stays in the inbox.
require ["fileinto", "mailbox"];

if header :is "X-DSPAM-Result" "Spam" {
    # With a prefix in the namespace: "INBOX.Spam".
    fileinto :create "Spam";
    stop;
}
