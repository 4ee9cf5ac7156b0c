#!/bin/sh
# Sign Writer.app and put it into a disk image: make_dmg.sh APP LICENCES OUTPUT.dmg   (macOS only)
#
# With these in the environment it is signed and notarised; without, it is signed for this machine only ("ad hoc"), and
# macOS asks those who open it for their consent:
#   SIGNING_IDENTITY                                the name of a "Developer ID Application" certificate in the keychain
#   NOTARY_KEY_FILE, NOTARY_KEY_ID, NOTARY_ISSUER   a key of App Store Connect
set -eu
app=$1
licences=$2
output=$3
here=$(dirname "$0")

cp "$licences" "$app/Contents/Resources/resources/THIRD-PARTY-LICENCES.txt"

sign() {
    if [ -n "${SIGNING_IDENTITY:-}" ]; then
        codesign --force --timestamp --options runtime --entitlements "$here/entitlements.plist" \
            --sign "$SIGNING_IDENTITY" "$1"
    else
        # The hardened runtime wants one signer of all, which "ad hoc" is not.
        codesign --force --sign - "$1"
    fi
}

# From the inside out: a signature covers those within.
find "$app/Contents" -type f ! -path "$app/Contents/MacOS/writer" | while read -r file; do
    case "$(file -b "$file")" in
        Mach-O*) sign "$file" ;;
    esac
done
find "$app/Contents/Frameworks" -type d -name '*.framework' | while read -r framework; do
    sign "$framework"
done
sign "$app"
codesign --verify --deep --strict "$app"

staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
cp -R "$app" "$staging/Writer.app"
ln -s /Applications "$staging/Applications"
mkdir -p "$(dirname "$output")"
hdiutil create -quiet -ov -fs HFS+ -format UDZO -volname Writer -srcfolder "$staging" "$output"

if [ -z "${SIGNING_IDENTITY:-}" ]; then
    echo "$output: not signed by a known developer" >&2
    exit 0
fi
codesign --force --timestamp --sign "$SIGNING_IDENTITY" "$output"
if [ -z "${NOTARY_KEY_FILE:-}" ]; then
    echo "$output: signed, not notarised" >&2
    exit 0
fi
xcrun notarytool submit "$output" --wait --key "$NOTARY_KEY_FILE" --key-id "$NOTARY_KEY_ID" --issuer "$NOTARY_ISSUER"
xcrun stapler staple "$output"
