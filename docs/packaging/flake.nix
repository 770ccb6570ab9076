{
  # nix run 'github:OWNER/role-helper?dir=docs/packaging' -- --help
  description = "Assume AWS roles with MFA from a minimal key in the OS keyring";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      each = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      source = ../..;
      manifest = (builtins.fromTOML (builtins.readFile (source + "/Cargo.toml"))).package;
    in
    {
      packages = each (pkgs: {
        default = pkgs.rustPlatform.buildRustPackage {
          pname = manifest.name;
          version = manifest.version;
          src = source;
          cargoLock.lockFile = source + "/Cargo.lock";
          nativeBuildInputs = [ pkgs.installShellFiles ];
          # The tests of the whole programs want a D-Bus, a keyring and terminals.
          cargoTestFlags = [ "--lib" ];
          postInstall = ''
            mkdir -p $out/libexec/role-helper
            mv $out/bin/role-helper-core $out/libexec/role-helper/
            installShellCompletion completions/role-helper.{bash,fish} --zsh completions/_role-helper
            installManPage docs/man/*.1
          '';
          meta = {
            description = manifest.description;
            license = with pkgs.lib.licenses; [ mit asl20 ];
            mainProgram = "role-helper";
          };
        };
      });
    };
}
