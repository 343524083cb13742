#!/bin/sh
# install.sh install|uninstall BUILD: `make install` and `make uninstall`.
# Reads PREFIX, DESTDIR and STRIP (the program that strips; empty: do not strip) from the environment. The programs
# find each other even if the tree is moved.
set -eu
umask 022

action=$1 build=$2
root=${DESTDIR:-}$PREFIX
bindir=$root/bin
libexecdir=$root/libexec/kimi
mandir=$root/share/man
# Not lib/systemd: systemd reads this directory below /usr, /usr/local and ~/.local alike.
unitdir=$root/share/systemd/user
bashdir=$root/share/bash-completion/completions
zshdir=$root/share/zsh/site-functions
fishdir=$root/share/fish/vendor_completions.d
datadir=$root/share/kimi
docdir=$root/share/doc/kimi

# The list of what was installed, one path a line. uninstall removes only that, even if the build directory has
# changed. Paths are relative to PREFIX, except PREFIX itself and the directories above it.
list=$datadir/installed
made=

# Our program contains this text. kimi-cli's program is called kimi too, and must not be touched.
is_ours() { LC_ALL=C grep -qF 'kimi %s (kimi-toolkit)' "$1" 2>/dev/null; }
is_there() { [ -e "$1" ] || [ -L "$1" ]; }

fail() {
	echo "install.sh: $1" >&2
	exit 1
}

note() {
	case $1 in
	"$root"/*) path=${1#"$root"/} ;;
	*) path=${1#"${DESTDIR:-}"} ;;
	esac
	made="$made$path
"
}

write_list() {
	[ -n "$made" ] || return 0
	make_directory "$datadir"
	if [ -e "$list" ]; then made="$made$(cat "$list")
"; fi
	printf '%s' "$made" | LC_ALL=C sort -u >"$list.new"
	mv -f "$list.new" "$list"
}

cannot_write() { fail "cannot write to $1; use sudo, or install for yourself: make install PREFIX=\$HOME/.local"; }

make_directory() {
	[ -z "$1" ] || [ -d "$1" ] && return
	make_directory "${1%/*}"
	mkdir "$1" || cannot_write "${1%/*}"
	note "$1"
}

put() { # MODE SOURCE TARGET
	make_directory "${3%/*}"
	# Replaces a program instead of writing into it, because it may be running.
	install -m "$1" "$2" "$3.new" || cannot_write "${3%/*}"
	if [ "$1" = 755 ] && [ -n "${STRIP-strip}" ]; then
		"${STRIP-strip}" "$3.new" || fail "cannot strip $3: install binutils, or set STRIP= to keep the symbols"
	fi
	mv -f "$3.new" "$3"
	note "$3"
}

put_edited() { # EXPRESSION SOURCE TARGET
	edited=$(mktemp)
	sed "$1" "$2" >"$edited"
	put 644 "$edited" "$3"
	rm -f "$edited"
}

put_filled() { # SOURCE TARGET
	put_edited "s,@bindir@,$(printf '%s' "$PREFIX/bin" | sed 's/[&,]/\\&/g'),g" "$1" "$2"
}

put_link() { # NAME TARGET
	make_directory "${2%/*}"
	ln -sf "$1" "$2" || cannot_write "${2%/*}"
	note "$2"
}

put_programs() {
	for program in "$build"/bin/*; do
		name=${program##*/}
		if [ "$name" = kimi ] && is_there "$bindir/kimi" && ! is_ours "$bindir/kimi"; then
			echo "$bindir/kimi is another program and was kept; use kimi-login, kimi-token, ..."
		else
			put 755 "$program" "$bindir/$name"
		fi
	done
	for helper in "$build"/libexec/kimi/*; do
		[ ! -e "$helper" ] || put 755 "$helper" "$libexecdir/${helper##*/}"
	done
}

put_completions() {
	put 644 completions/_kimi "$zshdir/_kimi"
	put 644 completions/kimi.bash "$bashdir/kimi"
	put 644 completions/kimi.fish "$fishdir/kimi.fish"
	# bash and fish look for a file with the command's own name.
	for program in "$build"/bin/kimi-*; do
		put_link kimi "$bashdir/${program##*/}"
		put_link kimi.fish "$fishdir/${program##*/}.fish"
	done
}

install_all() {
	trap write_list EXIT
	put_programs
	put_completions
	for page in man/*.[1-8]; do
		put 644 "$page" "$mandir/man${page##*.}/${page##*/}"
	done
	for unit in share/systemd/*; do
		put_filled "$unit" "$unitdir/${unit##*/}"
	done
	put_filled share/crontab "$datadir/crontab"
	for document in LICENSE README.md share/doc/*; do
		# In kimi's source tree the commands are in one directory, and the man pages elsewhere.
		put_edited 's,](share/doc/,](,g; s,](../../README.md),](README.md),g; s,\[\([^]]*\)\](man/[^)]*),\1,g' "$document" "$docdir/${document##*/}"
	done
	echo "installed the programs in $bindir"
	echo "          man pages, documents, completions and systemd units in $root/share"
	[ -n "${DESTDIR:-}" ] || tell_about_path
}

# sudo sets its own PATH, which lacks the user's ~/.local/bin, where kimi-cli's installers put it.
tell_about_path() {
	first=$(command -v kimi || true)
	home=$(getent passwd "${SUDO_USER:-}" 2>/dev/null | cut -d : -f 6)
	case :$PATH: in
	*:"$bindir":*) ;;
	*)
		echo "$bindir is not on PATH; add this line to ~/.profile and open a new session:"
		echo "export PATH=\"$bindir:\$PATH\""
		;;
	esac
	if [ -n "$first" ] && [ "$first" != "$bindir/kimi" ] && ! is_ours "$first"; then
		echo "another kimi comes first on PATH: $first; use kimi-login, kimi-token, ... or put $bindir before it"
	elif [ -n "$home" ] && [ -x "$home/.local/bin/kimi" ] && ! is_ours "$home/.local/bin/kimi"; then
		echo "another kimi may come first on your PATH: $home/.local/bin/kimi; use kimi-login, kimi-token, ... or put $bindir before it"
	fi
}

uninstall_all() {
	if [ ! -e "$list" ]; then
		echo "nothing is installed below $root; set PREFIX and DESTDIR as for make install"
		return
	fi
	made=$(LC_ALL=C sort -r "$list") # the contents of a directory come first
	rm -f "$list" || cannot_write "$datadir"
	printf '%s\n' "$made" | while read -r path; do
		case $path in
		/*) path=${DESTDIR:-}$path ;;
		*) path=$root/$path ;;
		esac
		if [ -d "$path" ] && [ ! -L "$path" ]; then
			rmdir "$path" 2>/dev/null || : # others use it now
		elif [ "$path" != "$bindir/kimi" ] || is_ours "$path"; then
			rm -f "$path"
		fi
	done
}

newline='
'
case $PREFIX in
*[\"\\\$\`%]* | *"$newline"*)
	# The units and the crontab line name that file, and would run another program.
	fail "PREFIX may not contain a \" \\ \$ \` % or a line break; choose another directory"
	;;
/* | '') ;;
*) fail "PREFIX must begin with /: $PREFIX" ;;
esac
case $action in
install) install_all ;;
uninstall) uninstall_all ;;
esac
