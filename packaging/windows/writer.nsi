; The installer for Windows: for one person, without an administrator's rights. Compiled by make_installer.py, which
; gives VERSION, NUMERIC_VERSION, SIZE_KB, ICON, PANEL, OUTPUT and FILES (the macros that list every file).
;
;   writer-setup.exe /S [/D=C:\folder]     installs without a question; exit code 2: Writer is still open
;   uninstall.exe /S                       removes without a question; exit code 2: Writer is still open
;
; What people write, their models, settings and journals lie in %LOCALAPPDATA%\writer. Nothing here touches that folder.

Target amd64-unicode
Unicode true
ManifestDPIAware true
ManifestSupportedOS Win10
RequestExecutionLevel user
SetCompressor /SOLID lzma
SetDateSave off
AllowSkipFiles off

!include "MUI2.nsh"
!include "LogicLib.nsh"
!include "WinVer.nsh"
!include "x64.nsh"
!include "FileFunc.nsh"
!include "${FILES}"

!define PROGRAM "writer.exe"
!define TERMINAL_PROGRAM "writer-cli.exe"
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Writer"
!define PROGRAM_KEY "Software\Classes\Applications\${PROGRAM}"
!define DOCUMENT_CLASS "Writer.Document"
!define CAPABILITIES_KEY "Software\Writer\Capabilities"
!define STILL_OPEN 2

Name "Writer"
OutFile "${OUTPUT}"
InstallDir "$LOCALAPPDATA\Programs\Writer"
InstallDirRegKey HKCU "${UNINSTALL_KEY}" "InstallLocation"
BrandingText "Writer ${VERSION}"

VIProductVersion "${NUMERIC_VERSION}"
VIAddVersionKey "ProductName" "Writer"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Installs Writer"
VIAddVersionKey "CompanyName" "The Writer developers"
VIAddVersionKey "LegalCopyright" "Copyright (c) 2026 The Writer developers. MIT licence."

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_WELCOMEFINISHPAGE_BITMAP "${PANEL}"
!define MUI_FINISHPAGE_RUN "$INSTDIR\${PROGRAM}"
!define MUI_FINISHPAGE_RUN_TEXT "Start Writer"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

; Asks every window of the program in $INSTDIR to close, as a click on its cross does, and no other program's.
!macro ASK_TO_CLOSE un
Function ${un}AskToClose
  Push $0 ; window
  Push $1 ; process
  Push $2 ; handle
  Push $3 ; the process's file
  Push $4 ; length
  StrCpy $0 0
  next:
    FindWindow $0 "" "" 0 $0
    ${If} $0 P<> 0
      System::Call 'user32::GetWindowThreadProcessId(p r0, *i .r1)'
      System::Call 'kernel32::OpenProcess(i 0x1000, i 0, i r1) p .r2'
      ${If} $2 P<> 0
        StrCpy $3 ""
        System::Call 'kernel32::QueryFullProcessImageNameW(p r2, i 0, w .r3, *i ${NSIS_MAX_STRLEN} .r4)'
        System::Call 'kernel32::CloseHandle(p r2)'
        ${If} $3 == "$INSTDIR\${PROGRAM}"
          System::Call 'user32::PostMessageW(p r0, i 0x10, p 0, p 0)'
        ${EndIf}
      ${EndIf}
      Goto next
    ${EndIf}
  Pop $4
  Pop $3
  Pop $2
  Pop $1
  Pop $0
FunctionEnd
!macroend

; Leaves 1 on the stack while either program runs: then its file cannot be written.
!macro IS_OPEN un
Function ${un}IsOpen
  Push $0
  Push $1
  StrCpy $1 0
  !insertmacro TRY "$INSTDIR\${PROGRAM}"
  !insertmacro TRY "$INSTDIR\${TERMINAL_PROGRAM}"
  StrCpy $0 $1
  Pop $1
  Exch $0
FunctionEnd
!macroend
!macro TRY file
  ${If} ${FileExists} "${file}"
    ClearErrors
    FileOpen $0 "${file}" a
    ${If} ${Errors}
      StrCpy $1 1
    ${Else}
      FileClose $0
    ${EndIf}
  ${EndIf}
!macroend

; Returns when the program is closed. A person may take as long as they like; without one, a quarter of a minute.
!macro CLOSE_WRITER un
Function ${un}CloseWriter
  Push $0
  Push $1
  ; A folder that was chosen may end with a backslash, one that Windows names never does.
  StrCpy $0 $INSTDIR 1 -1
  ${If} $0 == "\"
    StrCpy $INSTDIR $INSTDIR -1
  ${EndIf}
  again:
    StrCpy $1 0
    Call ${un}IsOpen
    Pop $0
    ${If} $0 = 1
      Call ${un}AskToClose
    ${EndIf}
    ${DoWhile} $0 = 1
      ${If} $1 >= 60
        ${ExitDo}
      ${EndIf}
      Sleep 250
      IntOp $1 $1 + 1
      Call ${un}IsOpen
      Pop $0
    ${Loop}
    ${If} $0 = 1
      MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION \
        "Writer is still open. Save what you are writing and close it, then press Retry." /SD IDCANCEL IDRETRY again
      SetErrorLevel ${STILL_OPEN}
      Quit
    ${EndIf}
  Pop $1
  Pop $0
FunctionEnd
!macroend

!insertmacro ASK_TO_CLOSE ""
!insertmacro ASK_TO_CLOSE "un."
!insertmacro IS_OPEN ""
!insertmacro IS_OPEN "un."
!insertmacro CLOSE_WRITER ""
!insertmacro CLOSE_WRITER "un."

Function TellWindows
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
FunctionEnd

Function .onInit
  SetShellVarContext current
  ${IfNot} ${RunningX64}
  ${OrIfNot} ${AtLeastWin10}
    MessageBox MB_OK|MB_ICONSTOP "Writer needs 64-bit Windows 10 or newer." /SD IDOK
    SetErrorLevel 3
    Quit
  ${EndIf}
FunctionEnd

Section "Writer" program_section
  SectionIn RO
  SetShellVarContext current
  Call CloseWriter
  ; The version before knows which files are its own. What it does not know stays.
  ${If} ${FileExists} "$INSTDIR\uninstall.exe"
    ExecWait '"$INSTDIR\uninstall.exe" /S /UPGRADE _?=$INSTDIR' $0
    ${If} $0 <> 0
      MessageBox MB_OK|MB_ICONSTOP "The version of Writer that is here could not be removed (code $0). \
        Restart Windows, then try again." /SD IDOK
      SetErrorLevel 4
      Quit
    ${EndIf}
  ${EndIf}
  !insertmacro INSTALL_FILES
  WriteUninstaller "$INSTDIR\uninstall.exe"

  CreateShortcut "$SMPROGRAMS\Writer.lnk" "$INSTDIR\${PROGRAM}"

  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayName" "Writer"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\${PROGRAM}"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "Publisher" "The Writer developers"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "EstimatedSize" ${SIZE_KB}
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoRepair" 1

  ; Named under "Open with" and in the settings for default programs; what opens these files now goes on opening them.
  WriteRegStr HKCU "${PROGRAM_KEY}" "FriendlyAppName" "Writer"
  WriteRegStr HKCU "${PROGRAM_KEY}\shell\open\command" "" '"$INSTDIR\${PROGRAM}" "%1"'
  WriteRegStr HKCU "Software\Classes\${DOCUMENT_CLASS}" "" "Text document"
  WriteRegStr HKCU "Software\Classes\${DOCUMENT_CLASS}\DefaultIcon" "" "$INSTDIR\${PROGRAM},0"
  WriteRegStr HKCU "Software\Classes\${DOCUMENT_CLASS}\shell\open\command" "" '"$INSTDIR\${PROGRAM}" "%1"'
  !macro OFFER extension
    WriteRegStr HKCU "${PROGRAM_KEY}\SupportedTypes" "${extension}" ""
    WriteRegStr HKCU "Software\Classes\${extension}\OpenWithProgids" "${DOCUMENT_CLASS}" ""
    WriteRegStr HKCU "${CAPABILITIES_KEY}\FileAssociations" "${extension}" "${DOCUMENT_CLASS}"
  !macroend
  !insertmacro OFFER ".txt"
  !insertmacro OFFER ".md"
  !insertmacro OFFER ".markdown"
  WriteRegStr HKCU "${CAPABILITIES_KEY}" "ApplicationName" "Writer"
  WriteRegStr HKCU "${CAPABILITIES_KEY}" "ApplicationDescription" "Writing, with a language model on this computer"
  WriteRegStr HKCU "Software\RegisteredApplications" "Writer" "${CAPABILITIES_KEY}"
  Call TellWindows
SectionEnd

Section /o "Shortcut on the desktop" desktop_section
  CreateShortcut "$DESKTOP\Writer.lnk" "$INSTDIR\${PROGRAM}"
SectionEnd

LangString program_text ${LANG_ENGLISH} "The program, with a small language model."
LangString desktop_text ${LANG_ENGLISH} "An icon on the desktop. The Start menu has one in any case."
!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${program_section} $(program_text)
  !insertmacro MUI_DESCRIPTION_TEXT ${desktop_section} $(desktop_text)
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Function un.onInit
  SetShellVarContext current
FunctionEnd

Section "Uninstall"
  SetShellVarContext current
  Call un.CloseWriter
  !insertmacro UNINSTALL_FILES

  ; An upgrade puts all that follows back at once; a shortcut that was never there, or was taken away, stays away.
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/UPGRADE" $1
  ${IfNot} ${Errors}
    Return
  ${EndIf}
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\Writer.lnk"
  Delete "$DESKTOP\Writer.lnk"
  DeleteRegKey HKCU "${UNINSTALL_KEY}"
  DeleteRegKey HKCU "${PROGRAM_KEY}"
  DeleteRegKey HKCU "Software\Classes\${DOCUMENT_CLASS}"
  !macro WITHDRAW extension
    DeleteRegValue HKCU "Software\Classes\${extension}\OpenWithProgids" "${DOCUMENT_CLASS}"
    DeleteRegKey /ifempty HKCU "Software\Classes\${extension}\OpenWithProgids"
    DeleteRegKey /ifempty HKCU "Software\Classes\${extension}"
  !macroend
  !insertmacro WITHDRAW ".txt"
  !insertmacro WITHDRAW ".md"
  !insertmacro WITHDRAW ".markdown"
  DeleteRegValue HKCU "Software\RegisteredApplications" "Writer"
  DeleteRegKey HKCU "${CAPABILITIES_KEY}"
  DeleteRegKey /ifempty HKCU "Software\Writer"
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
SectionEnd
