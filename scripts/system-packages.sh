#!/usr/bin/env bash
# See that the tests find a browser, Chinese fonts and PostgreSQL: install Debian's packages as root, else say what is left out.
# With CI=true nothing may be left out.
set -eu

have_browser() {
    [ -n "${DIANDAN_TEST_CHROMIUM:-}" ] || command -v chromium chromium-browser google-chrome >/dev/null 2>&1
}
have_fonts() { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh 2>/dev/null | head -n 1)" ]; }
have_postgres() {
    [ -n "${DIANDAN_TEST_DATABASE_URL:-}" ] && return
    for server in "$(command -v initdb || true)" /usr/lib/postgresql/*/bin/initdb; do
        if [ -x "$server" ]; then return 0; fi
    done
    return 1
}
missing() {
    have_browser || echo chromium
    have_fonts || echo fonts-noto-cjk
    have_postgres || echo postgresql
}

packages=$(missing | xargs)
[ -z "$packages" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing $packages" >&2
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # the list is meant to be split
    apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages >/dev/null || true
    packages=$(missing | xargs)
    [ -z "$packages" ] && exit 0
fi
echo "left out: the tests that need $packages (as root: apt-get install $packages)" >&2
[ "${CI:-}" != true ]
