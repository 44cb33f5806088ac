# tamis rules sieve 1 begin (the next run replaces all up to the end mark)
#
# Puts into its folder what was judged to be spam before it came here; a message that was not judged stays in the inbox. It may be
# a user's own script, and needs nothing of Dovecot's own.
require ["fileinto", "mailbox"];

if exists "X-DSPAM-Result" {
    if header :is "X-DSPAM-Result" "Spam" {
        fileinto :create "Spam";
        stop;
    }
}
# tamis rules sieve end
