# tamis rules imapsieve 1 begin (the next run replaces all up to the end mark)
#
# Learns what is moved into or out of the folder for spam. Compile it with sievec. Settings of Dovecot that it needs:
#
#     protocol imap { mail_plugins = $mail_plugins imap_sieve }
#     service imap { vsz_limit = 0 }      else Node has too few addresses, and is killed
#     plugin {
#       sieve_plugins = sieve_imapsieve sieve_extprograms
#       sieve_global_extensions = +vnd.dovecot.pipe
#       sieve_pipe_bin_dir = /usr/local/lib/node_modules/tamis/dist
#       sieve_pipe_input_eol = lf
#       imapsieve_mailbox1_name = Spam
#       imapsieve_mailbox1_causes = COPY APPEND
#       imapsieve_mailbox1_before = file:/path/of/this/script
#       imapsieve_mailbox2_name = *
#       imapsieve_mailbox2_from = Spam
#       imapsieve_mailbox2_causes = COPY
#       imapsieve_mailbox2_before = file:/path/of/this/script
#     }
require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment", "variables"];

set "dollar" "$";
if environment :matches "imap.user" "*" {
    set "user" "${1}";
}
if environment :matches "imap.mailbox" "*" {
    set "mailbox" "${1}";
}
if string :is "${mailbox}" "Spam" {
    pipe :copy "tamis.js" ["--class=spam", "--source=error", "--user=${user}"];
} elsif not string :matches "${mailbox}" ["*Trash*", "*Deleted*", "*Papierkorb*", "*Corbeille*"] {
    pipe :copy "tamis.js" ["--class=innocent", "--source=error", "--user=${user}"];
}
# tamis rules imapsieve end
