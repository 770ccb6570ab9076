# role-helper in PowerShell: the active role in the prompt, and `assume`.
$global:RoleHelperBin = @BINARY@
$global:RoleHelperPrompts = @PROMPTS@
$global:RoleHelperWhere = '@WHERE@'

# The segment; starts a program only where a role may be active.
function global:Get-RoleHelperSegment {
    if ($global:RoleHelperWhere -eq 'none' -or -not (Get-Command $global:RoleHelperBin -ErrorAction Ignore)) { return '' }
    if (-not $Env:ROLE_HELPER_PROFILE) {
        $profileName = if ($Env:AWS_PROFILE) { $Env:AWS_PROFILE } else { $Env:AWS_DEFAULT_PROFILE }
        if (-not $profileName) { return '' }
        $file = [IO.Path]::Combine($global:RoleHelperPrompts, $profileName)
        if ($profileName -cmatch '^(?!\.)[@PLAIN@]+$' -and -not [IO.File]::Exists($file)) { return '' }
    }
    $width = try { [Console]::WindowWidth } catch { 80 }
    $more = if ($global:RoleHelperWhere -eq 'right') { @('--right') } else { @() }
    $text = & $global:RoleHelperBin prompt --for powershell --columns $width @more 2>$null
    if (-not $text) { return '' }
    if ($global:RoleHelperWhere -eq 'right') { "$text" } else { "$text " }
}

if ($global:RoleHelperWhere -ne 'none' -and -not $global:RoleHelperUserPrompt) {
    $global:RoleHelperUserPrompt = $function:prompt
    function global:prompt {
        # First of all, so that it sees the last command's success.
        $theirs = & $global:RoleHelperUserPrompt
        $code = $global:LASTEXITCODE
        $ours = try { Get-RoleHelperSegment } catch { '' }
        $global:LASTEXITCODE = $code
        "$ours$theirs"
    }
}

# Switches this shell's AWS role.
function global:assume {
    if ($args.Count -eq 0) {
        @PICK@
    }
    if ($args[0] -eq '-') {
        if (-not $global:RoleHelperBack) { Write-Error 'assume: there is nothing to go back to'; return }
        $text = $null
    } else {
        $text = & $global:RoleHelperBin export --format powershell @args | Out-String
        if ($LASTEXITCODE -ne 0) { return }
    }
    $kept = @{}
    foreach ($name in @NAMES@) { $kept[$name] = [Environment]::GetEnvironmentVariable($name) }
    if ($text) {
        Invoke-Expression $text
    } else {
        foreach ($name in $global:RoleHelperBack.Keys) {
            [Environment]::SetEnvironmentVariable($name, $global:RoleHelperBack[$name])
        }
    }
    $global:RoleHelperBack = $kept
}
