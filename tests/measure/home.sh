# Sourced by the scripts that measure: a home in a temporary folder with the simulator, 100 profiles, two source keys
# and a live session of team-50. Wants $helper and $target; sets $home and $endpoint.

# shellcheck shell=bash
measure_key() { printf '{"AccessKey":{"UserName":"%s","AccessKeyId":"%s","SecretAccessKey":"%s","Status":"Active"}}' "$@"; }
measure_enrol() {
    measure_key alice AKIAIOSFODNN7EXAMPL2 wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE2 | "$helper" add alice --stdin >/dev/null 2>&1
    measure_key robot AKIAIOSFODNN7EXAMPL3 wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE3 | "$helper" add robot --stdin >/dev/null 2>&1
}
measure_profiles() { # measure_profiles FILE COUNT
    for i in $(seq "$2"); do
        printf '[profile team-%d]\nregion = eu-west-1\ncredential_process = %s credential-process team-%d\nrole_helper_role_arn = arn:aws:iam::222233334444:role/Admin\nrole_helper_source_profile = alice\n\n' "$i" "$helper" "$i"
    done >"$1"
    printf '[profile plain]\nrole_helper_role_arn = arn:aws:iam::222233334444:role/Plain\nrole_helper_source_profile = robot\n\n' >>"$1"
    printf '[profile loose]\nrole_helper_role_arn = arn:aws:iam::222233334444:role/Plain\nrole_helper_source_profile = in-plain-text\n\n' >>"$1"
}
# shellcheck disable=SC2329 # called by the trap
measure_clean() {
    "$helper" logout --all >/dev/null 2>&1 || true
    exec 7>&- || true
    kill "$simulator" 2>/dev/null || true
    rm -rf "$home"
}
measure_home() {
    home=$(mktemp -d)
    export HOME=$home ROLE_HELPER_HOME=$home/own AWS_EC2_METADATA_DISABLED=true
    export ROLE_HELPER_KEYRING=file ROLE_HELPER_PASSPHRASE_FILE=$home/passphrase
    trap measure_clean EXIT
    (umask 077; echo 'correct horse battery staple' >"$ROLE_HELPER_PASSPHRASE_FILE")
    mkdir -m 700 "$home/.aws"

    # A user with MFA for the hits; one without, whose role anybody may have, for misses that ask nobody.
    cat >"$home/world.json" <<'JSON'
{"users": [
  {"account": "111122223333", "name": "alice", "keys": [{"id": "AKIAIOSFODNN7EXAMPL2", "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE2"}],
   "mfa": [{"serial": "arn:aws:iam::111122223333:mfa/alice", "seed": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}],
   "allow": [{"action": "*", "resource": "*"}]},
  {"account": "111122223333", "name": "robot", "keys": [{"id": "AKIAIOSFODNN7EXAMPL3", "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE3"}],
   "allow": [{"action": "*", "resource": "*"}]}],
 "roles": [
  {"arn": "arn:aws:iam::222233334444:role/Admin", "trust": [{"principals": ["111122223333"], "mfa": true}]},
  {"arn": "arn:aws:iam::222233334444:role/Plain", "trust": [{"principals": ["111122223333"]}]}]}
JSON
    mkfifo "$home/stop"
    "$target/debug/examples/aws-simulator" --world "$home/world.json" --ready-file "$home/ready" <"$home/stop" >/dev/null &
    simulator=$!
    exec 7>"$home/stop"
    for _ in $(seq 100); do [ -s "$home/ready" ] && break; sleep 0.05; done
    endpoint=$(sed 's/.*"endpoint":"\([^"]*\)".*/\1/' "$home/ready")
    export AWS_ENDPOINT_URL_STS=$endpoint AWS_ENDPOINT_URL_IAM=$endpoint

    measure_profiles "$home/100" 98
    printf '[in-plain-text]\naws_access_key_id = AKIAIOSFODNN7EXAMPL3\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE3\n' >"$home/.aws/credentials"
    chmod 600 "$home/.aws/credentials"
    export AWS_CONFIG_FILE=$home/100
    measure_enrol
    local code
    code=$(python3 -c "import json,urllib.request
print(json.load(urllib.request.urlopen('$endpoint/_simulator/code?serial=arn:aws:iam::111122223333:mfa/alice'))['code'])")
    "$helper" login team-50 --mfa-code "$code" >/dev/null 2>&1
    "$helper" login plain loose >/dev/null 2>&1
}
