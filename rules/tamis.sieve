# tamis rules sieve 1 begin (the next run replaces all up to the end mark)
#
# Judges a message and puts spam into its folder; everything else goes on to the user's own script and the inbox. If the filter
# fails, the message goes there as it came. Compile it with sievec. Settings of Dovecot that it needs:
#
#     protocol lda { mail_plugins = $mail_plugins sieve }      and the same for protocol lmtp
#     service lmtp { vsz_limit = 0 }      else Node has too few addresses, and is killed
#     plugin {
#       sieve_plugins = sieve_extprograms
#       sieve_global_extensions = +vnd.dovecot.filter +vnd.dovecot.environment +editheader
#       sieve_before = /path/of/this/script
#       sieve_filter_bin_dir = /usr/local/lib/node_modules/tamis/rules
#       sieve_filter_input_eol = lf
#     }
require ["vnd.dovecot.filter", "fileinto", "mailbox", "variables", "ihave"];

# The user of the mailbox. Where Dovecot does not tell, the program has to take USER from its environment, as tamis-filter does.
set "dollar" "$";
set "user" "--deliver=stdout";
if ihave ["environment", "vnd.dovecot.environment"] {
    if environment :matches "vnd.dovecot.username" "*" {
        set "user" "--user=${1}";
    }
}

if filter "tamis-filter" ["--deliver=stdout", "${user}"] {
    if header :is "X-DSPAM-Result" "Spam" {
        fileinto :create "Spam";
        stop;
    }
} elsif ihave "editheader" {
    deleteheader "X-DSPAM-Result";
    deleteheader "X-DSPAM-Processed";
    deleteheader "X-DSPAM-Confidence";
    deleteheader "X-DSPAM-Improbability";
    deleteheader "X-DSPAM-Probability";
    deleteheader "X-DSPAM-Signature";
    deleteheader "X-DSPAM-Factors";
}
# tamis rules sieve end
