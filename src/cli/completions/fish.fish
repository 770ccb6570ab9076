# fish completion for role-helper. Written from src/cli/completions/fish.fish and the tree of commands; do not edit.

# The words before the cursor without options and their values: our name, the command, its operands; then `--` and
# what is behind it, untouched.
function __role_helper_words
    set -l skip 0
    set -l plain
    set -l tokens (commandline -opc)
    for at in (seq (count $tokens))
        set -l token $tokens[$at]
        if test $skip = 1
            set skip 0
        else if test "$plain[2]" = exec; and begin; test "$token" = --; or begin; test (count $plain) -ge 3; and not string match -q -- '-*' $token; end; end
            printf '%s\n' $plain --
            test "$token" = --; and set at (math $at + 1)
            test $at -le (count $tokens); and printf '%s\n' $tokens[$at..]
            return
        else if contains -- $token @VALUED@
            set skip 1
        else if not string match -q -- '-*' $token
            set -a plain $token
        end
    end
    printf '%s\n' $plain
end

# No command of ours yet.
function __role_helper_first
    test (count (__role_helper_words)) -eq 1
end

# Among the words of our command $argv[1], before any command of the person's.
function __role_helper_in
    set -l plain (__role_helper_words)
    test "$plain[2]" = $argv[1]; and not contains -- -- $plain
end

# Where operand $argv[2] of command $argv[1] is typed.
function __role_helper_operand
    set -l plain (__role_helper_words)
    test "$plain[2]" = $argv[1]; and not contains -- -- $plain
    and begin; test $argv[2] = any; or test (math (count $plain) - 2) -eq $argv[2]; end
end

# Where the person's own command is typed.
function __role_helper_foreign
    set -l plain (__role_helper_words)
    test "$plain[2]" = exec
    and begin
        contains -- -- $plain
        or begin; test (count $plain) -ge 3; and not string match -q -- '-*' (commandline -ct); end
    end
end

# What that command offers.
function __role_helper_rest
    set -l plain (__role_helper_words)
    set -l from (contains -i -- -- $plain; or count $plain)
    set -l words (string escape -- $plain[(math $from + 1)..])
    complete --do-complete=(string join ' ' -- $words (commandline -ct))
end

function __role_helper_names
    set -l helper (string replace -r '^~/' "$HOME/" -- (commandline -opc)[1])
    command -q $helper; or set helper role-helper
    $helper __complete $argv[1] '' 2>/dev/null
end

function __role_helper_commands
@ABOUTS@
end

complete -c role-helper -f
complete -c role-helper -n __role_helper_first -a '(__role_helper_commands)'
complete -c role-helper -n __role_helper_first -l help -d 'Print help'
complete -c role-helper -n __role_helper_first -l version -d 'Print version'
complete -c role-helper -n __role_helper_foreign -a '(__role_helper_rest)'
@COMMANDS@
