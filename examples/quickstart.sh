#!/bin/sh
# The first five minutes with tamis: install, learn from sample mail, judge new mail, file it.
#
# Needs Node 20.19 or newer and the npm registry. Everything it makes lies in a temporary folder, never in your own home of
# tamis or your own mail. It can be run again, from any folder. Exit status: 0 if every message is where it belongs.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
mail=$here/mail
user=anna

fail() {
  printf 'quickstart: %s\n' "$1" >&2
  exit 1
}

say() {
  printf '\n== %s\n' "$1"
}

count() {
  find "$@" -type f ! -name '.*' | wc -l | tr -d ' '
}

# The header lines that tamis added; the message may end its lines in CRLF.
judgement() {
  tr -d '\r' <"$1" | sed -n -e '/^$/q' -e '/^Subject:/p' -e '/^X-DSPAM-/p' | sed 's/^/    /'
}

node=$(command -v node) || fail 'Node is not installed; tamis needs version 20.19 or newer.'
"$node" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "Node $("$node" --version) is too old; tamis needs version 20.19 or newer."

if [ ! -d "$root/node_modules" ]; then
  # A trial keeps its mail in LevelDB, which comes built: the driver for SQLite would take a minute to compile.
  say 'Installing (npm ci), building dist/'
  (cd "$root" && npm ci --ignore-scripts --no-progress --loglevel=error && npm run --silent build)
elif [ ! -f "$root/dist/tamis.js" ]; then
  say 'Building dist/'
  (cd "$root" && npm run --silent build)
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/tamis-quickstart.XXXXXX")
TAMIS_HOME=$work/home
TAMIS_CONFIG=$work/tamis.toml
export TAMIS_HOME TAMIS_CONFIG
mkdir "$TAMIS_HOME"
: >"$TAMIS_CONFIG"
tamis() {
  "$node" "$root/dist/tamis.js" "$@"
}
maildir() {
  mkdir -p "$1/cur" "$1/new" "$1/tmp"
}

say "Learning from $(count "$mail/Spam/cur") spam and $(count "$mail/Ham/cur") ham messages in examples/mail"
tamis train --user "$user" --spam "$mail/Spam" --innocent "$mail/Ham"

say 'Judging new mail: tamis --user anna --deliver=stdout < MESSAGE, of which these are the lines that count'
for message in "$mail"/incoming/*.eml; do
  printf '%s\n' "${message##*/}"
  tamis --user "$user" --deliver=stdout <"$message" >"$work/judged"
  judgement "$work/judged"
done

# Every message is named after what it is, so that its place can be checked.
wrong=0
check() {
  for message in "$mail"/incoming/*.eml; do
    id=$(sed -n 's/^Message-ID: *//p' "$message" | tr -d '\r')
    case ${message##*/} in
    spam-*) place=$1/.Spam/new ;;
    *) place=$1/new ;;
    esac
    grep -rqF -- "$id" "$place" || {
      printf 'WRONG: %s is not in %s\n' "${message##*/}" "$place"
      wrong=1
    }
  done
  printf '    %s messages in the inbox   %s/new\n' "$(count "$1/new")" "$1"
  printf '    %s messages in Spam        %s/.Spam/new\n' "$(count "$1/.Spam/new")" "$1"
}

say 'Filing it: tamis --user anna --deliver=maildir:PATH < MESSAGE'
maildir "$work/Maildir"
for message in "$mail"/incoming/*.eml; do
  tamis --user "$user" --deliver="maildir:$work/Maildir" <"$message"
done
check "$work/Maildir"

if command -v maildrop >/dev/null && command -v maildirmake >/dev/null; then
  say 'Filing it by maildrop, with a rule of: tamis rules maildrop'
  maildir "$work/Maildir-maildrop"
  tamis rules maildrop --user "$user" --check --write "$work/tamis.maildrop"
  cat >"$work/mailfilter" <<RULES
TAMIS_MAILDIR="$work/Maildir-maildrop"
TAMIS_HOME="$TAMIS_HOME"
TAMIS_CONFIG="$TAMIS_CONFIG"
include "$work/tamis.maildrop"
to "\$TAMIS_MAILDIR"
RULES
  chmod 600 "$work/mailfilter"
  for message in "$mail"/incoming/*.eml; do
    maildrop "$work/mailfilter" <"$message"
  done
  check "$work/Maildir-maildrop"
else
  say 'maildrop is not installed; with it, the rule of tamis rules maildrop files the mail in the same way'
fi

[ "$wrong" -eq 0 ] || fail "not every message is where it belongs; look into $work"

say 'What happened'
cat <<STORY
tamis learned what $user calls spam from two Maildirs, then judged eight messages that it had never seen. Each got
X-DSPAM header lines; spam went into the folder .Spam of a Maildir, everything else into its inbox. One of the spam messages
came with an X-DSPAM-Result: Innocent of its sender's, which was taken out. Nothing else in the messages was changed.

All of it lies in $work (rm -r it when you are done). Try:

    export TAMIS_HOME=$TAMIS_HOME
    node $root/dist/tamis.js explain --user $user < $mail/incoming/spam-2-forged-result.eml
    node $root/dist/tamis.js stats --user $user

With your own mail, into your own home of tamis (unset TAMIS_HOME):

    node $root/dist/tamis.js train --user \$USER --spam ~/Maildir/.Spam --innocent ~/Maildir

and then a rule for your mail host: $root/rules/README.md
STORY
