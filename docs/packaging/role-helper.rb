# Homebrew formula, for a tap. Builds from the source of a release.
class RoleHelper < Formula
  desc "Assume AWS roles with MFA from a minimal key in the OS keyring"
  homepage "https://github.com/OWNER/role-helper"
  url "https://github.com/OWNER/role-helper/archive/refs/tags/v0.1.0.tar.gz"
  sha256 "SHA256_OF_THE_ARCHIVE"
  license any_of: ["MIT", "Apache-2.0"]
  head "https://github.com/OWNER/role-helper.git", branch: "main"

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args(root: buildpath/"out")
    bin.install "out/bin/role-helper"
    # Where the front looks for its companion. `bin` is linked into the prefix, `libexec` is not: the front follows
    # the link to itself first.
    (libexec/"role-helper").install "out/bin/role-helper-core"
    bash_completion.install "completions/role-helper.bash" => "role-helper"
    zsh_completion.install "completions/_role-helper"
    fish_completion.install "completions/role-helper.fish"
    man1.install Dir["docs/man/*.1"]
    doc.install "README.md", "CHANGELOG.md", *Dir["docs/*.md"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/role-helper --version")
    # Answered by the companion.
    assert_match "no profile", shell_output("#{bin}/role-helper console 2>&1", 2)
  end
end
