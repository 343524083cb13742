# Completion of kimi and the kimi-* commands for fish.
#
# Install it as kimi.fish where fish looks, with a link to it named after each command (kimi-login.fish, ...). What
# there is to complete is asked of the programs themselves: commands of `kimi --list-cmds`, options of
# `kimi-SUB --list-options`, models of `kimi-models --list-keys`.

# The platforms have no list to ask for; tests/completion.bats compares these with lib/account/platform_table.c.
set -g __kimi_platforms kimi-code moonshot-cn moonshot-ai

# The file that runs when PROGRAM is typed, if it is the toolkit's front and not another program of that name, such as
# kimi-cli: ours has its commands beside it. Another one is not run just to complete a word.
function __kimi_front -a program
    set -l path (command -s -- (string replace -r '^~/' "$HOME/" -- $program))
    test -n "$path"; or return
    for file in $path (realpath -- $path 2>/dev/null)
        if test -x (string replace -r '[^/]*$' '' -- $file)kimi-token
            echo $file
            return
        end
    end
end

# The toolkit's own kimi-SUB. A stranger's is never run: who knows what it does.
function __kimi_command -a front sub
    test -n "$front" -a -n "$sub"; or return
    string match -q '*/*' -- $sub; and return
    set -l path ($front --exec-path 2>/dev/null)/kimi-$sub
    test -f "$path" -a -x "$path"; and echo $path
end

# The commands, each with what `kimi help` says of it.
function __kimi_commands -a front
    set -l help ($front help 2>/dev/null)
    for name in ($front --list-cmds 2>/dev/null)
        set -l about (string replace -rf "^  "(string escape --style=regex -- $name)" +" '' -- $help)
        printf '%s\t%s\n' $name "$about[1]"
    end
end

# What may stand for the ARGUMENT of an option, behind PREFIX.
function __kimi_values -a program argument prefix
    switch $argument
        case '*|*'
            string join \n -- $prefix(string split '|' -- $argument)
        case ID
            string join \n -- $prefix$__kimi_platforms
        case MODEL
            string join \n -- $prefix($program --list-keys 2>/dev/null)
    end
end

# Options of PROGRAM, or the value of one: PREVIOUS is the word before, TYPED what there is of this one.
function __kimi_options -a program previous typed
    for line in ($program --list-options 2>/dev/null)
        set -l fields (string split \t -- $line)
        test (count $fields) = 3; or continue
        if test -n "$fields[2]" -a "$previous" = "$fields[1]"
            __kimi_values $program $fields[2] ''
            return
        end
    end
    for line in ($program --list-options 2>/dev/null)
        set -l fields (string split \t -- $line)
        test (count $fields) = 3; or continue
        if test -n "$fields[2]"; and string match -q -- "$fields[1]=*" $typed
            __kimi_values $program $fields[2] "$fields[1]="
        else
            printf '%s\t%s\n' $fields[1] $fields[3]
        end
    end
end

# The command line that PROGRAM, which is kimi-exec or kimi-proxy, is to run, of the WORDS behind it; nothing if it is not yet the turn
# of one, or has not begun.
function __kimi_own -a program typed
    set -l words $argv[3..-1] $typed
    set -l with_value (string replace -rf '\t.+\t.*' '' -- ($program --list-options 2>/dev/null))
    while set -q words[1]
        switch $words[1]
            case --
                set -e words[1]
                break
            case '-*'
                if contains -- $words[1] $with_value
                    set -e words[1]
                end
                set -e words[1]
            case '*'
                break
        end
    end
    set -q words[1]; and string join ' ' -- (string escape -- $words[1..-2]) $words[-1]
end

function __kimi_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l first (string replace -r '.*/' '' -- $words[1])
    set -l program
    if test "$first" = kimi
        set -l front (__kimi_front $words[1])
        test -n "$front"; or return
        if test (count $words) = 1
            __kimi_commands $front
            printf '%s\n' help\t'show the manual of a command' --help\t'list the commands' \
                --version\t'print the version' --exec-path\t'print the directory of the commands' \
                --list-cmds\t'list the commands, one a line'
            return
        end
        if test "$words[2]" = help
            test (count $words) = 2; and __kimi_commands $front
            return
        end
        set program (__kimi_command $front $words[2])
        set -e words[1]
        if test -z "$program"
            __fish_complete_path $typed # somebody else's command: file names, perhaps
            return
        end
    else
        set program (command -s -- (string replace -r '^~/' "$HOME/" -- $words[1]))
        test -n "$program"; or return
    end
    if string match -qr '(^|/)kimi-(exec|proxy)$' -- $program
        set -l own (__kimi_own $program "$typed" $words[2..-1])
        if set -q own[1]
            complete --do-complete="$own"
            return
        end
    end
    contains -- -- $words[2..-1]; and return
    set -l previous
    test (count $words) -gt 1; and set previous $words[-1]
    __kimi_options $program "$previous" "$typed"
end

complete -c kimi -f -a '(__kimi_complete)'
# The commands by their own names, too; those that the toolkit brings, not the user's. They are found by one of them,
# since the first `kimi` on PATH may be kimi-cli's.
set -l front (command -s kimi-token | string replace -r -- '-token$' '')
if test -n "$front" -a -x "$front"
    set -l folder ($front --exec-path 2>/dev/null)
    for name in ($front --list-cmds 2>/dev/null)
        test -x "$folder/kimi-$name"; and complete -c kimi-$name -f -a '(__kimi_complete)'
    end
end
