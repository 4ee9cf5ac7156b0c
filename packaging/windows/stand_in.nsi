; A program that only shows a window until it is closed: it stands in for writer.exe where none can be built.
Target amd64-unicode
Unicode true
RequestExecutionLevel user
SilentInstall silent
Name "stand-in"
OutFile "${OUTPUT}"
Section
  MessageBox MB_OK "This stands in for Writer."
SectionEnd
