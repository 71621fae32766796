// SPDX-License-Identifier: GPL-2.0-or-later
// KeyboardEvent.code (UI Events: a place on the keyboard) to Linux evdev KEY_* (linux/input-event-codes.h), which MTP
// carries. Rows of a keyboard whose evdev codes follow each other are given by their first code.

const rows: [number, string][] = [
	[1, 'Escape Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal Backspace'],
	[15, 'Tab KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter ControlLeft'],
	[30, 'KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote ShiftLeft Backslash'],
	[44, 'KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash ShiftRight NumpadMultiply AltLeft Space CapsLock'],
	[59, 'F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NumLock ScrollLock'],
	[71, 'Numpad7 Numpad8 Numpad9 NumpadSubtract Numpad4 Numpad5 Numpad6 NumpadAdd Numpad1 Numpad2 Numpad3 Numpad0 NumpadDecimal'],
	[86, 'IntlBackslash F11 F12'],
	[96, 'NumpadEnter ControlRight NumpadDivide PrintScreen AltRight'],
	[102, 'Home ArrowUp PageUp ArrowLeft ArrowRight End ArrowDown PageDown Insert Delete'],
	[113, 'AudioVolumeMute AudioVolumeDown AudioVolumeUp Power'],
	[119, 'Pause'],
	[125, 'MetaLeft MetaRight ContextMenu'],
	[158, 'BrowserBack'],
	[164, 'MediaPlayPause'],
	[172, 'BrowserHome'],
	[217, 'BrowserSearch'],
];

const codes = new Map(rows.flatMap(([first, names]) => names.split(' ').map((name, i) => [name, first + i] as const)));

/** 0: none. */
export function evdevCode(code: string): number {
	return codes.get(code) ?? 0;
}
