# PowerShell completion for role-helper. Written from src/cli/completions/powershell.ps1 and the tree of commands; do
# not edit.

Register-ArgumentCompleter -Native -CommandName 'role-helper', 'role-helper.exe' -ScriptBlock {
    param($current, $ast, $cursor)
    $commands = [ordered]@{
@COMMANDS@
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
