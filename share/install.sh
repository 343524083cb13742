#!/bin/sh
# install.sh install|uninstall BUILD: what `make install` and `make uninstall` do.
# PREFIX and DESTDIR come from the environment; the programs find each other wherever the tree is moved to.
set -eu

action=$1 build=$2
root=${DESTDIR:-}$PREFIX
bindir=$root/bin
libexecdir=$root/libexec/kimi
mandir=$root/share/man
unitdir=$root/lib/systemd/user
bashdir=$root/share/bash-completion/completions
zshdir=$root/share/zsh/site-functions
fishdir=$root/share/fish/vendor_completions.d
datadir=$root/share/kimi

# Ours is known by its name in the program itself; kimi-cli's program is called kimi too and is not ours to touch.
is_ours() { grep -q 'kimi-toolkit' "$1" 2>/dev/null; }

# Folders that were not there are noted, so that uninstall takes them away again and no others.
make_folder() {
	[ -d "$1" ] && return
	make_folder "$(dirname "$1")"
	mkdir "$1"
	created="$1
$created"
}

put() { # MODE SOURCE TARGET
	make_folder "$(dirname "$3")"
	# A program that is running is replaced, not written into.
	cp "$2" "$3.new"
	chmod "$1" "$3.new"
	mv -f "$3.new" "$3"
}

put_filled() { # SOURCE TARGET
	make_folder "$(dirname "$2")"
	sed "s,@bindir@,$PREFIX/bin,g" "$1" >"$2"
	chmod 644 "$2"
}

names() { for file in "$@"; do echo "${file##*/}"; done; }

install_all() {
	created=
	for program in $(names "$build"/bin/*); do
		if [ "$program" = kimi ] && [ -e "$bindir/kimi" ] && ! is_ours "$bindir/kimi"; then
			echo "$bindir/kimi is another program and stays; the commands are installed as kimi-login, kimi-token, ..."
			continue
		fi
		put 755 "$build/bin/$program" "$bindir/$program"
	done
	for helper in "$build"/libexec/kimi/*; do
		[ -e "$helper" ] && put 755 "$helper" "$libexecdir/${helper##*/}"
	done
	for page in man/*.[1-8]; do
		put 644 "$page" "$mandir/man${page##*.}/${page##*/}"
	done
	put_filled share/systemd/kimi-refresh.service "$unitdir/kimi-refresh.service"
	put_filled share/systemd/kimi-refresh.timer "$unitdir/kimi-refresh.timer"
	put_filled share/systemd/kimi-watch.service "$unitdir/kimi-watch.service"
	put_filled share/crontab "$datadir/crontab"
	put 644 completions/kimi.bash "$bashdir/kimi"
	for program in $(names "$build"/bin/kimi-*); do
		ln -sf kimi "$bashdir/$program"
		make_folder "$fishdir"
		ln -sf kimi.fish "$fishdir/$program.fish"
	done
	put 644 completions/_kimi "$zshdir/_kimi"
	put 644 completions/kimi.fish "$fishdir/kimi.fish"
	printf '%s' "$created" | sed "s,^${DESTDIR:-},," >>"$datadir/folders"
	[ -n "${DESTDIR:-}" ] || tell_about_path
}

tell_about_path() {
	first=$(command -v kimi || true)
	if [ -z "$first" ]; then
		echo "$bindir is not on PATH: add it, or use $bindir/kimi"
	elif [ "$first" != "$bindir/kimi" ] && ! is_ours "$first"; then
		echo "another kimi comes first on PATH: $first; use kimi-login, kimi-token, ... or put $bindir before it"
	fi
}

uninstall_all() {
	created=
	if [ -e "$bindir/kimi" ] && is_ours "$bindir/kimi"; then
		rm -f "$bindir/kimi"
	fi
	for program in $(names "$build"/bin/kimi-*); do
		rm -f "$bindir/$program" "$bashdir/$program" "$fishdir/$program.fish"
	done
	for helper in $(names "$build"/libexec/kimi/*); do
		rm -f "$libexecdir/$helper"
	done
	for page in man/*.[1-8]; do
		rm -f "$mandir/man${page##*.}/${page##*/}"
	done
	rm -f "$unitdir/kimi-refresh.service" "$unitdir/kimi-refresh.timer" "$unitdir/kimi-watch.service" "$datadir/crontab" \
		"$bashdir/kimi" "$zshdir/_kimi" "$fishdir/kimi.fish"
	[ -e "$datadir/folders" ] || return 0
	created=$(cat "$datadir/folders")
	rm -f "$datadir/folders"
	# Deepest first, as they were noted; one that others use by now stays.
	printf '%s\n' "$created" | sort -ru | while read -r folder; do
		[ -z "$folder" ] || rmdir "${DESTDIR:-}$folder" 2>/dev/null || :
	done
}

case $action in
install) install_all ;;
uninstall) uninstall_all ;;
esac
