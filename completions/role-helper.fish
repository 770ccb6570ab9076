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
        else if contains -- $token --columns --csv --duration --external-id --for --format --from-profile --mfa-code --mfa-serial --mfa-session --region --role-arn --session-name --session-policy --source-identity --source-profile --tag
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
    echo add\t'Store an IAM user\'s access key in the keyring'
    echo setup\t'Write a role profile into ~/.aws/config'
    echo exec\t'Run a command with the role'
    echo shell\t'Open $SHELL with the role'
    echo export\t'Print the credentials for a shell, a file or a program'
    echo console\t'Open the AWS console, signed in as the role'
    echo login\t'Get and seal sessions now'
    echo logout\t'Forget sealed sessions'
    echo list\t'List keys, profiles and live sessions'
    echo status\t'Show who you are here, until when, and which keyring is in use'
    echo explain\t'Show where each setting comes from and what will be called'
    echo remove\t'Forget a source key'
    echo prompt\t'Print the active role for a shell\'s prompt'
    echo init\t'Print the integration of a shell: prompt segment, completions, `assume`'
    echo completions\t'Print the completions of a shell'
    echo man\t'Show a manual page'
    echo credential-process\t'Answer an AWS client that runs us as its credential_process'
    echo help\t'Print the help of a command'
end

complete -c role-helper -f
complete -c role-helper -n __role_helper_first -a '(__role_helper_commands)'
complete -c role-helper -n __role_helper_first -l help -d 'Print help'
complete -c role-helper -n __role_helper_first -l version -d 'Print version'
complete -c role-helper -n __role_helper_foreign -a '(__role_helper_rest)'
complete -c role-helper -n '__role_helper_in add' -l stdin -d 'Read the JSON of `aws iam create-access-key` from stdin'
complete -c role-helper -n '__role_helper_in add' -l csv -r -F -d 'Read the console\'s CSV download'
complete -c role-helper -n '__role_helper_in add' -l from-profile -x -a '(__role_helper_names profiles)' -d 'Take the key of a profile that has it in plain text'
complete -c role-helper -n '__role_helper_in add' -l mfa-serial -x -d 'The MFA device, instead of the one that AWS lists'
complete -c role-helper -n '__role_helper_in add' -l force -d 'Replace a key of this name without asking'
complete -c role-helper -n '__role_helper_in add' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_in setup' -l role-arn -x -d 'The role'
complete -c role-helper -n '__role_helper_in setup' -l source-profile -x -a '(__role_helper_names sources)' -d 'Whose key assumes it: a name that was added, or a profile of the config'
complete -c role-helper -n '__role_helper_in setup' -l region -x -a '(__role_helper_names regions)' -d 'The region for clients'
complete -c role-helper -n '__role_helper_in setup' -l duration -x -d 'How long a role session lives: 1h, 90m, 43200s'
complete -c role-helper -n '__role_helper_in setup' -l mfa-session -x -d 'Share one MFA code among roles for this long: 12h'
complete -c role-helper -n '__role_helper_in setup' -l mfa-serial -x -d 'The MFA device, where it is not the one recorded for the source'
complete -c role-helper -n '__role_helper_in setup' -l external-id -x -d 'The external id that the role\'s trust policy asks for'
complete -c role-helper -n '__role_helper_in setup' -l session-name -x -d 'The session\'s name in CloudTrail, instead of the IAM user\'s name'
complete -c role-helper -n '__role_helper_in setup' -l source-identity -x -d 'Set the source identity: `user` for the IAM user\'s name, or a name'
complete -c role-helper -n '__role_helper_in setup' -l force -d 'Replace what is there without asking'
complete -c role-helper -n '__role_helper_in setup' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand setup 0' -k -a '(__role_helper_names profiles)'
complete -c role-helper -n '__role_helper_in exec' -l duration -x -d 'How long the session lives: 1h, 90m, 3600'
complete -c role-helper -n '__role_helper_in exec' -l session-name -x -d 'The session\'s name in CloudTrail, instead of the IAM user\'s name'
complete -c role-helper -n '__role_helper_in exec' -l session-policy -r -F -d 'A policy that narrows the role: a file of JSON, or a managed policy\'s ARN (repeatable)'
complete -c role-helper -n '__role_helper_in exec' -l tag -x -d 'A session tag (repeatable)'
complete -c role-helper -n '__role_helper_in exec' -l region -x -a '(__role_helper_names regions)' -d 'The region for the command, instead of the profile\'s'
complete -c role-helper -n '__role_helper_in exec' -l no-session-cache -d 'Neither use nor keep a sealed session: ask AWS anew'
complete -c role-helper -n '__role_helper_in exec' -l mfa-code -x -d 'The MFA code, instead of being asked; `-` reads it from stdin. A code given here is visible in `ps`'
complete -c role-helper -n '__role_helper_in exec' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand exec 0' -k -a '(__role_helper_names profiles)'
complete -c role-helper -n '__role_helper_in shell' -l duration -x -d 'How long the session lives: 1h, 90m, 3600'
complete -c role-helper -n '__role_helper_in shell' -l session-name -x -d 'The session\'s name in CloudTrail, instead of the IAM user\'s name'
complete -c role-helper -n '__role_helper_in shell' -l session-policy -r -F -d 'A policy that narrows the role: a file of JSON, or a managed policy\'s ARN (repeatable)'
complete -c role-helper -n '__role_helper_in shell' -l tag -x -d 'A session tag (repeatable)'
complete -c role-helper -n '__role_helper_in shell' -l region -x -a '(__role_helper_names regions)' -d 'The region for the command, instead of the profile\'s'
complete -c role-helper -n '__role_helper_in shell' -l no-session-cache -d 'Neither use nor keep a sealed session: ask AWS anew'
complete -c role-helper -n '__role_helper_in shell' -l mfa-code -x -d 'The MFA code, instead of being asked; `-` reads it from stdin. A code given here is visible in `ps`'
complete -c role-helper -n '__role_helper_in shell' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand shell 0' -k -a '(__role_helper_names profiles)'
complete -c role-helper -n '__role_helper_in export' -l format -x -a 'posix fish powershell dotenv json' -d 'Who reads it'
complete -c role-helper -n '__role_helper_in export' -l duration -x -d 'How long the session lives: 1h, 90m, 3600'
complete -c role-helper -n '__role_helper_in export' -l session-name -x -d 'The session\'s name in CloudTrail, instead of the IAM user\'s name'
complete -c role-helper -n '__role_helper_in export' -l session-policy -r -F -d 'A policy that narrows the role: a file of JSON, or a managed policy\'s ARN (repeatable)'
complete -c role-helper -n '__role_helper_in export' -l tag -x -d 'A session tag (repeatable)'
complete -c role-helper -n '__role_helper_in export' -l region -x -a '(__role_helper_names regions)' -d 'The region for the command, instead of the profile\'s'
complete -c role-helper -n '__role_helper_in export' -l no-session-cache -d 'Neither use nor keep a sealed session: ask AWS anew'
complete -c role-helper -n '__role_helper_in export' -l mfa-code -x -d 'The MFA code, instead of being asked; `-` reads it from stdin. A code given here is visible in `ps`'
complete -c role-helper -n '__role_helper_in export' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand export 0' -k -a '(__role_helper_names profiles)'
complete -c role-helper -n '__role_helper_in console' -l region -x -a '(__role_helper_names regions)' -d 'The region of the console, instead of the profile\'s'
complete -c role-helper -n '__role_helper_in console' -l duration -x -d 'How long the console session lives: 15m to 12h'
complete -c role-helper -n '__role_helper_in console' -l print -d 'Print the address instead of opening it. It is a secret'
complete -c role-helper -n '__role_helper_in console' -l copy -d 'Copy the address to the clipboard instead of opening it'
complete -c role-helper -n '__role_helper_in console' -l json -d 'Print the address and what it leads to as JSON. It is a secret'
complete -c role-helper -n '__role_helper_in console' -l mfa-code -x -d 'The MFA code, instead of being asked; `-` reads it from stdin. A code given here is visible in `ps`'
complete -c role-helper -n '__role_helper_in console' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand console 0' -k -a '(__role_helper_names profiles)'
complete -c role-helper -n '__role_helper_operand console 1' -k -a '(__role_helper_names services)'
complete -c role-helper -n '__role_helper_in login' -l session-name -x -d 'The session\'s name in CloudTrail, instead of the IAM user\'s name'
complete -c role-helper -n '__role_helper_in login' -l force -d 'Ask AWS for a new session even where the sealed one is good'
complete -c role-helper -n '__role_helper_in login' -l mfa-code -x -d 'The MFA code, instead of being asked; `-` reads it from stdin. A code given here is visible in `ps`'
complete -c role-helper -n '__role_helper_in login' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand login any' -k -a '(__role_helper_names profiles)'
complete -c role-helper -n '__role_helper_in logout' -l all -d 'Forget all sessions and the key that seals them'
complete -c role-helper -n '__role_helper_in logout' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand logout any' -k -a '(__role_helper_names sessions)'
complete -c role-helper -n '__role_helper_in list' -l json -d 'As JSON'
complete -c role-helper -n '__role_helper_in list' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_in status' -l json -d 'As JSON'
complete -c role-helper -n '__role_helper_in status' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand status 0' -k -a '(__role_helper_names profiles)'
complete -c role-helper -n '__role_helper_in explain' -l json -d 'As JSON'
complete -c role-helper -n '__role_helper_in explain' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand explain 0' -k -a '(__role_helper_names profiles)'
complete -c role-helper -n '__role_helper_in remove' -l force -d 'Do not ask'
complete -c role-helper -n '__role_helper_in remove' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand remove 0' -k -a '(__role_helper_names sources)'
complete -c role-helper -n '__role_helper_in prompt' -l format -x -d 'Your own form, instead of [{profile} {account} {left}]'
complete -c role-helper -n '__role_helper_in prompt' -l json -d 'As JSON; null where no role is active'
complete -c role-helper -n '__role_helper_in prompt' -l for -x -a 'plain bash zsh fish powershell tmux' -d 'Who shows it'
complete -c role-helper -n '__role_helper_in prompt' -l columns -x -d 'The terminal\'s width: the segment takes half of it at most'
complete -c role-helper -n '__role_helper_in prompt' -l right -d 'At the right edge of so many columns, the cursor back where it was'
complete -c role-helper -n '__role_helper_in prompt' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_in init' -l right -d 'The segment at the right edge'
complete -c role-helper -n '__role_helper_in init' -l no-prompt -d 'No segment: for those who show it by starship, powerlevel10k and the like'
complete -c role-helper -n '__role_helper_in init' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand init 0' -k -a 'bash zsh fish powershell'
complete -c role-helper -n '__role_helper_in completions' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand completions 0' -k -a 'bash zsh fish powershell'
complete -c role-helper -n '__role_helper_in man' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand man 0' -k -a '(__role_helper_commands)'
complete -c role-helper -n '__role_helper_in credential-process' -l mfa-code -x -d 'The MFA code, instead of being asked; `-` reads it from stdin. A code given here is visible in `ps`'
complete -c role-helper -n '__role_helper_in credential-process' -l help -d 'Print help'
complete -c role-helper -n '__role_helper_operand credential-process 0' -k -a '(__role_helper_names profiles)'
complete -c role-helper -n '__role_helper_operand help 0' -k -a '(__role_helper_commands)'
