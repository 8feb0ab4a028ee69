# Builds the command tokenmint from the source of a tag. docs/install.md says how to install it.
class Tokenmint < Formula
  desc "Short-lived Mapbox tokens from a token vending machine on AWS"
  homepage "https://github.com/tokenmint/tokenmint"
  url "https://github.com/tokenmint/tokenmint.git", tag: "v0.1.0"
  license "Apache-2.0"
  head "https://github.com/tokenmint/tokenmint.git", branch: "main"

  depends_on "go" => :build

  def install
    ENV["CGO_ENABLED"] = "0"
    ldflags = "-s -w"
    ldflags += " -X main.release=v#{version}" unless build.head?
    system "go", "build", *std_go_args(ldflags: ldflags), "./cmd/tokenmint"
    generate_completions_from_executable(bin/"tokenmint", "completion")
  end

  test do
    assert_match "tokenmint v#{version} ", shell_output("#{bin}/tokenmint version")
    caller = "arn:aws:iam::123456789012:role/web-1"
    assert_match "web-map", shell_output("#{bin}/tokenmint explain --caller #{caller}")
  end
end
