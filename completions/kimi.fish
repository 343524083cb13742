# Completion of kimi and the kimi-* commands for fish.
#
# Install it as kimi.fish where fish looks, with a link named after each command (kimi-login.fish, ...). The programs
# list what can be completed: `kimi --list-cmds` the commands, `kimi-SUB --list-options` the options, and
# `kimi-models --list-keys` the models.

# No program lists the platforms; tests/completion.bats compares these with lib/account/platform_table.c.
set -g __kimi_platforms kimi-code moonshot-cn moonshot-ai

# The file that would run if PROGRAM were typed, if it is the toolkit's front and not another program of the same
# name, such as kimi-cli. Ours has its commands in the same directory. Another one must not be run just to complete a word.
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

# The toolkit's own kimi-SUB. Never runs a user's command, which could do anything.
function __kimi_command -a front sub
    test -n "$front" -a -n "$sub"; or return
    string match -q '*/*' -- $sub; and return
    set -l path ($front --exec-path 2>/dev/null)/kimi-$sub
    test -f "$path" -a -x "$path"; and echo $path
end

# The commands with their summaries from `kimi help`.
function __kimi_commands -a front
    set -l help ($front help 2>/dev/null)
    for name in ($front --list-cmds 2>/dev/null)
        set -l about (string replace -rf "^  "(string escape --style=regex -- $name)" +" '' -- $help)
        printf '%s\t%s\n' $name "$about[1]"
    end
end

# The possible values of an option's ARGUMENT, with PREFIX before each.
function __kimi_values -a program argument prefix
    switch $argument
        case '*|*'
            string join \n -- $prefix(string split '|' -- $argument)
        case ID
            string join \n -- $prefix$__kimi_platforms
        case MODEL
            string join \n -- $prefix($program --list-keys 2>/dev/null)
        case FILE PATH
            string join \n -- $prefix(__fish_complete_path (string sub -s (math 1 + (string length -- "$prefix")) -- (commandline -ct)))
    end
end

# The options of PROGRAM, or the values of one. PREVIOUS is the previous word, TYPED the current one so far.
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

# The command line that PROGRAM (kimi-exec or kimi-proxy) will run, taken from WORDS. Empty if the cursor is still
# before it.
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
            __fish_complete_path $typed # a user's own command may take file names
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
# Complete the commands under their own names, too, but not the user's kimi-* commands. They are found through one
# of them, since the first `kimi` on PATH may be kimi-cli.
set -l front (command -s kimi-token | string replace -r -- '-token$' '')
if test -n "$front" -a -x "$front"
    set -l directory ($front --exec-path 2>/dev/null)
    for name in ($front --list-cmds 2>/dev/null)
        test -x "$directory/kimi-$name"; and complete -c kimi-$name -f -a '(__kimi_complete)'
    end
end
