#!/bin/sh
# Runs every check and every test; from any folder. The last line is "N passed, N failed", with ", N skipped" if any were.
#
# Installs what is missing: the npm packages, and, for root on Debian, the mail programs that the tests run (their services
# are not started). A program that is missing is a named skip; with TAMIS_REQUIRE_PEERS=1 a skip is a failure.
set -u
cd -- "$(dirname -- "$0")/.." || exit 1

peers='bogofilter maildrop maildirmake dovecot doveadm sievec sieve-test sieve-filter procmail spamc postfix supervise multilog runsv s6-svscan mariadbd pg_createcluster redis-server'
packages='bogofilter maildrop dovecot-core dovecot-imapd dovecot-lmtpd dovecot-sieve procmail spamc postfix daemontools runit s6 mariadb-server postgresql redis-server'
# As packages, Exim and Postfix exclude each other; so Exim is not installed but only unpacked, where test/peers.ts finds it.
exim=/var/cache/tamis-tests/exim

passed=0
failed=0
skipped=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

say() {
  printf '\n== %s\n' "$1"
}

# A step that counts as one test.
step() {
  say "$*"
  if "$@"; then
    passed=$((passed + 1))
  else
    printf 'FAILED: %s\n' "$*"
    failed=$((failed + 1))
  fi
}

last_line() {
  if [ "${TAMIS_REQUIRE_PEERS:-}" = 1 ] && [ "$skipped" -gt 0 ]; then
    printf '%s skipped: a failure, because TAMIS_REQUIRE_PEERS is 1\n' "$skipped"
    failed=$((failed + skipped))
    skipped=0
  fi
  if [ "$skipped" -gt 0 ]; then
    printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
  else
    printf '%s passed, %s failed\n' "$passed" "$failed"
  fi
}

peer_is_missing() {
  for peer in $peers; do
    command -v "$peer" >/dev/null || return 0
  done
  for file in imap lmtp; do
    [ -x "/usr/lib/dovecot/$file" ] || return 0
  done
  exim_is_missing
}

exim_is_missing() {
  ! { "$exim/usr/sbin/exim4" -bV || exim4 -bV; } 2>/dev/null | grep -q Content_Scanning
}

# Debian starts the services of a package unless this file forbids it.
install_peers() {
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -rf "$work" "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt-get -qq update
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends --yes $packages
  if exim_is_missing; then unpack_exim; fi
}

# With the libraries that it needs, and the user by whose name it is built; nothing runs, and nothing is set-uid.
unpack_exim() {
  libraries=$(apt-cache depends exim4-daemon-heavy | sed -n 's/^ *|*Depends: \(lib[^ <]*\)$/\1/p')
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends --yes $libraries
  getent passwd Debian-exim >/dev/null ||
    useradd --system --user-group --no-create-home --home-dir /var/spool/exim4 --shell /usr/sbin/nologin Debian-exim
  (
    umask 022
    cd "$work" && apt-get -qq download exim4-daemon-heavy && dpkg -x exim4-daemon-heavy_*.deb exim &&
      install -D -m 755 exim/usr/sbin/exim4 "$exim/usr/sbin/exim4"
  )
}

# Adds vitest's counts; a test file that cannot be loaded is one failure.
count_tests() {
  counts=$(node -e '
    const { testResults } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    const tests = testResults.flatMap((file) => file.assertionResults.map((test) => test.status));
    const count = (...states) => tests.filter((state) => states.includes(state)).length;
    const broken = testResults.filter((file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"));
    console.log(count("passed"), count("failed") + broken.length, count("skipped", "pending", "todo", "disabled"));
  ' "$work/vitest.json") || return 1
  # shellcheck disable=SC2086
  set -- $counts
  passed=$((passed + $1))
  failed=$((failed + $2))
  skipped=$((skipped + $3))
  [ "$2" -gt 0 ] || [ "$status" -eq 0 ]
}

if [ ! -d node_modules ]; then
  say 'npm ci'
  npm ci --no-progress --loglevel=error || {
    failed=1
    last_line
    exit 1
  }
fi
if peer_is_missing && [ "$(id -u)" -eq 0 ] && [ -f /etc/debian_version ]; then
  say "apt-get install $packages"
  install_peers >"$work/apt.log" 2>&1 || tail -n 20 "$work/apt.log"
fi

step npx tsc
step npx eslint .
step npx prettier --check .
step npx knip

say 'npx vitest run'
status=0
npx vitest run --reporter=default --reporter=json --outputFile.json="$work/vitest.json" || status=$?
count_tests || [ "$failed" -gt 0 ] || failed=1

printf '\n'
last_line
[ "$failed" -eq 0 ]
