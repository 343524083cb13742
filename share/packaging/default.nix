# nix-build share/packaging, in the source tree.
{ pkgs ? import <nixpkgs> { } }:

pkgs.stdenv.mkDerivation {
  pname = "kimi";
  version = "0.1.0";
  src = ../..;

  nativeBuildInputs = [ pkgs.pkg-config ];
  buildInputs = with pkgs; [ curl zlib jansson libmd libedit libmicrohttpd libsecret qrencode ];

  makeFlags = [ "PREFIX=$(out)" "STRIP=" ];
  postInstall = ''
    rm $out/share/kimi/installed
  '';

  meta = {
    description = "Keep yourself and your scripts logged in to Kimi";
    license = pkgs.lib.licenses.mit;
    platforms = pkgs.lib.platforms.linux;
    mainProgram = "kimi";
  };
}
