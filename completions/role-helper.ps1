# PowerShell completion for role-helper. Written from src/cli/completions/powershell.ps1 and the tree of commands; do
# not edit.

Register-ArgumentCompleter -Native -CommandName 'role-helper', 'role-helper.exe' -ScriptBlock {
    param($current, $ast, $cursor)
    $commands = [ordered]@{
        'add' = @{ about = 'Store an IAM user''s access key in the keyring'; many = $false; operands = @('nothing'); options = [ordered]@{
            '--stdin' = @('', 'Read the JSON of `aws iam create-access-key` from stdin')
            '--csv' = @('files', 'Read the console''s CSV download')
            '--from-profile' = @('profiles', 'Take the key of a profile that has it in plain text')
            '--mfa-serial' = @('nothing', 'The MFA device, instead of the one that AWS lists')
            '--force' = @('', 'Replace a key of this name without asking')
            '--help' = @('', 'Print help')
        } }
        'setup' = @{ about = 'Write a role profile into ~/.aws/config'; many = $false; operands = @('profiles'); options = [ordered]@{
            '--role-arn' = @('nothing', 'The role')
            '--source-profile' = @('sources', 'Whose key assumes it: a name that was added, or a profile of the config')
            '--region' = @('regions', 'The region for clients')
            '--duration' = @('nothing', 'How long a role session lives: 1h, 90m, 43200s')
            '--mfa-session' = @('nothing', 'Share one MFA code among roles for this long: 12h')
            '--mfa-serial' = @('nothing', 'The MFA device, where it is not the one recorded for the source')
            '--external-id' = @('nothing', 'The external id that the role''s trust policy asks for')
            '--session-name' = @('nothing', 'The session''s name in CloudTrail, instead of the IAM user''s name')
            '--source-identity' = @('nothing', 'Set the source identity: `user` for the IAM user''s name, or a name')
            '--force' = @('', 'Replace what is there without asking')
            '--help' = @('', 'Print help')
        } }
        'exec' = @{ about = 'Run a command with the role'; many = $false; operands = @('profiles'); options = [ordered]@{
            '--duration' = @('nothing', 'How long the session lives: 1h, 90m, 3600')
            '--session-name' = @('nothing', 'The session''s name in CloudTrail, instead of the IAM user''s name')
            '--session-policy' = @('files', 'A policy that narrows the role: a file of JSON, or a managed policy''s ARN (repeatable)')
            '--tag' = @('nothing', 'A session tag (repeatable)')
            '--region' = @('regions', 'The region for the command, instead of the profile''s')
            '--no-session-cache' = @('', 'Neither use nor keep a sealed session: ask AWS anew')
            '--mfa-code' = @('nothing', 'The MFA code, instead of being asked; `-` reads it from stdin. A code given here is visible in `ps`')
            '--help' = @('', 'Print help')
        } }
        'shell' = @{ about = 'Open $SHELL with the role'; many = $false; operands = @('profiles'); options = [ordered]@{
            '--duration' = @('nothing', 'How long the session lives: 1h, 90m, 3600')
            '--session-name' = @('nothing', 'The session''s name in CloudTrail, instead of the IAM user''s name')
            '--session-policy' = @('files', 'A policy that narrows the role: a file of JSON, or a managed policy''s ARN (repeatable)')
            '--tag' = @('nothing', 'A session tag (repeatable)')
            '--region' = @('regions', 'The region for the command, instead of the profile''s')
            '--no-session-cache' = @('', 'Neither use nor keep a sealed session: ask AWS anew')
            '--mfa-code' = @('nothing', 'The MFA code, instead of being asked; `-` reads it from stdin. A code given here is visible in `ps`')
            '--help' = @('', 'Print help')
        } }
        'export' = @{ about = 'Print the credentials for a shell, a file or a program'; many = $false; operands = @('profiles'); options = [ordered]@{
            '--format' = @('words:posix,fish,powershell,dotenv,json', 'Who reads it')
            '--duration' = @('nothing', 'How long the session lives: 1h, 90m, 3600')
            '--session-name' = @('nothing', 'The session''s name in CloudTrail, instead of the IAM user''s name')
            '--session-policy' = @('files', 'A policy that narrows the role: a file of JSON, or a managed policy''s ARN (repeatable)')
            '--tag' = @('nothing', 'A session tag (repeatable)')
            '--region' = @('regions', 'The region for the command, instead of the profile''s')
            '--no-session-cache' = @('', 'Neither use nor keep a sealed session: ask AWS anew')
            '--mfa-code' = @('nothing', 'The MFA code, instead of being asked; `-` reads it from stdin. A code given here is visible in `ps`')
            '--help' = @('', 'Print help')
        } }
        'console' = @{ about = 'Open the AWS console, signed in as the role'; many = $false; operands = @('profiles', 'services'); options = [ordered]@{
            '--region' = @('regions', 'The region of the console, instead of the profile''s')
            '--duration' = @('nothing', 'How long the console session lives: 15m to 12h')
            '--print' = @('', 'Print the address instead of opening it. It is a secret')
            '--copy' = @('', 'Copy the address to the clipboard instead of opening it')
            '--json' = @('', 'Print the address and what it leads to as JSON. It is a secret')
            '--mfa-code' = @('nothing', 'The MFA code, instead of being asked; `-` reads it from stdin. A code given here is visible in `ps`')
            '--help' = @('', 'Print help')
        } }
        'login' = @{ about = 'Get and seal sessions now'; many = $true; operands = @('profiles'); options = [ordered]@{
            '--session-name' = @('nothing', 'The session''s name in CloudTrail, instead of the IAM user''s name')
            '--force' = @('', 'Ask AWS for a new session even where the sealed one is good')
            '--mfa-code' = @('nothing', 'The MFA code, instead of being asked; `-` reads it from stdin. A code given here is visible in `ps`')
            '--help' = @('', 'Print help')
        } }
        'logout' = @{ about = 'Forget sealed sessions'; many = $true; operands = @('sessions'); options = [ordered]@{
            '--all' = @('', 'Forget all sessions and the key that seals them')
            '--help' = @('', 'Print help')
        } }
        'list' = @{ about = 'List keys, profiles and live sessions'; many = $false; operands = @(); options = [ordered]@{
            '--json' = @('', 'As JSON')
            '--help' = @('', 'Print help')
        } }
        'status' = @{ about = 'Show who you are here, until when, and which keyring is in use'; many = $false; operands = @('profiles'); options = [ordered]@{
            '--json' = @('', 'As JSON')
            '--help' = @('', 'Print help')
        } }
        'explain' = @{ about = 'Show where each setting comes from and what will be called'; many = $false; operands = @('profiles'); options = [ordered]@{
            '--json' = @('', 'As JSON')
            '--help' = @('', 'Print help')
        } }
        'remove' = @{ about = 'Forget a source key'; many = $false; operands = @('sources'); options = [ordered]@{
            '--force' = @('', 'Do not ask')
            '--help' = @('', 'Print help')
        } }
        'prompt' = @{ about = 'Print the active role for a shell''s prompt'; many = $false; operands = @(); options = [ordered]@{
            '--format' = @('nothing', 'Your own form, instead of [{profile} {account} {left}]')
            '--json' = @('', 'As JSON; null where no role is active')
            '--for' = @('words:plain,bash,zsh,fish,powershell,tmux', 'Who shows it')
            '--columns' = @('nothing', 'The terminal''s width: the segment takes half of it at most')
            '--right' = @('', 'At the right edge of so many columns, the cursor back where it was')
            '--help' = @('', 'Print help')
        } }
        'init' = @{ about = 'Print the integration of a shell: prompt segment, completions, `assume`'; many = $false; operands = @('words:bash,zsh,fish,powershell'); options = [ordered]@{
            '--right' = @('', 'The segment at the right edge')
            '--no-prompt' = @('', 'No segment: for those who show it by starship, powerlevel10k and the like')
            '--help' = @('', 'Print help')
        } }
        'completions' = @{ about = 'Print the completions of a shell'; many = $false; operands = @('words:bash,zsh,fish,powershell'); options = [ordered]@{
            '--help' = @('', 'Print help')
        } }
        'man' = @{ about = 'Show a manual page'; many = $false; operands = @('commands'); options = [ordered]@{
            '--help' = @('', 'Print help')
        } }
        'credential-process' = @{ about = 'Answer an AWS client that runs us as its credential_process'; many = $false; operands = @('profiles'); options = [ordered]@{
            '--mfa-code' = @('nothing', 'The MFA code, instead of being asked; `-` reads it from stdin. A code given here is visible in `ps`')
            '--help' = @('', 'Print help')
        } }
        'help' = @{ about = 'Print the help of a command'; many = $false; operands = @('commands'); options = [ordered]@{
        } }
    }
    # A value as one word, whatever is in it.
    function Quoted([string] $value) {
        if ($value -match '^[A-Za-z0-9_./:=+-]+$') { return $value }
        return "'" + ($value -replace "(['\u2018\u2019\u201a\u201b])", '$1$1') + "'"
    }
    function Offer([string] $value, [string] $help) {
        $plain = $current.Trim("'", '"')
        if ($value.StartsWith($plain)) {
            if (-not $help) { $help = $value }
            [System.Management.Automation.CompletionResult]::new((Quoted $value), $value, 'ParameterValue', $help)
        }
    }
    function Values([string] $kind) {
        if ($kind -eq 'nothing' -or $kind -eq 'files') { return }
        if ($kind -eq 'commands') { foreach ($name in $commands.Keys) { Offer $name $commands[$name].about }; return }
        if ($kind.StartsWith('words:')) { foreach ($name in $kind.Substring(6).Split(',')) { Offer $name }; return }
        foreach ($name in & $program __complete $kind '' 2>$null) { Offer $name }
    }

    $elements = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursor -or ($_.Extent.EndOffset -eq $cursor -and -not $current) })
    $words = @($elements | ForEach-Object { if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text } })
    $program = $words[0]
    if ($words.Count -lt 2) { Values 'commands'; return }
    $command = $commands[$words[1]]
    if (-not $command) { return }
    $operand = 0
    for ($at = 2; $at -lt $words.Count; $at++) {
        $word = $words[$at]
        if ($words[1] -eq 'exec' -and ($word -eq '--' -or ($operand -ge 1 -and -not $word.StartsWith('-')))) {
            if ($word -eq '--') { $at++ }
            $start = if ($at -lt $elements.Count) { $elements[$at].Extent.StartOffset } else { $cursor - $current.Length }
            $rest = $ast.Extent.Text.Substring($start - $ast.Extent.StartOffset, $cursor - $start)
            (TabExpansion2 -inputScript $rest -cursorColumn $rest.Length).CompletionMatches
            return
        }
        if ($word.StartsWith('--')) {
            $option = $command.options[$word]
            if ($option -and $option[0]) {
                $at++
                if ($at -ge $words.Count) { Values $option[0]; return }
            }
        } elseif (-not $word.StartsWith('-')) { $operand++ }
    }
    if ($current.StartsWith('-')) {
        foreach ($name in $command.options.Keys) { Offer $name $command.options[$name][1] }
        return
    }
    if ($command.many) { $operand = 0 }
    if ($operand -lt $command.operands.Count) { Values $command.operands[$operand] }
}
