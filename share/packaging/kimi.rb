# A formula for Homebrew on Linux; the toolkit does not build on macOS.
class Kimi < Formula
  desc "Keep yourself and your scripts logged in to Kimi"
  homepage "https://example.org/kimi"
  url "https://example.org/kimi/kimi-0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000" # of the release
  license "MIT"

  depends_on "pkgconf" => :build
  depends_on "curl"
  depends_on "jansson"
  depends_on "libedit"
  depends_on "libmd"
  depends_on "libmicrohttpd"
  depends_on "libsecret"
  depends_on :linux
  depends_on "qrencode"
  depends_on "zlib"

  def install
    system "make", "install", "PREFIX=#{prefix}", "STRIP="
    rm share/"kimi/installed"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/kimi --version")
    assert_match "not logged in", shell_output("#{bin}/kimi token 2>&1", 4)
  end
end
