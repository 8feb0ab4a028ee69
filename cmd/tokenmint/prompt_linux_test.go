package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/tokenmint/tokenmint/internal/testkit/log"
)

// pty opens a terminal. A write to keyboard types text, and a read from it returns the screen.
func pty(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("this machine has no terminals: %v", err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	var number, unlocked int32
	if err := errors.Join(ioctl(keyboard, syscall.TIOCGPTN, &number),
		ioctl(keyboard, syscall.TIOCSPTLCK, &unlocked)); err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return keyboard, terminal
}

// ioctl asks the kernel about a terminal.
func ioctl[T any](f *os.File, request uintptr, about *T) error {
	//nolint:gosec // G103: the form of this system call
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request,
		uintptr(unsafe.Pointer(about)))
	if errno != 0 {
		return errno
	}
	return nil
}

// asked waits until the terminal hides typed text. This begins before the prompt reads a key.
func asked(t *testing.T, terminal *os.File) {
	t.Helper()
	for !quiet(t, terminal) {
		select {
		case <-t.Context().Done():
			t.Error("no prompt appears")
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// quiet reports whether the terminal hides typed text.
func quiet(t *testing.T, terminal *os.File) bool {
	t.Helper()
	var state syscall.Termios
	if err := ioctl(terminal, syscall.TCGETS, &state); err != nil {
		t.Error(err)
		return true
	}
	return state.Lflag&syscall.ECHO == 0
}

func TestPromptShowsNothing(t *testing.T) {
	t.Parallel()
	keyboard, terminal := pty(t)
	const typed = "sk.typed.at-a-terminal"
	go func() {
		asked(t, terminal)
		_, _ = keyboard.WriteString(typed + "\n")
	}()
	var ask log.Buffer
	got, err := readSecret(t.Context(), terminal, &ask, "Mapbox secret token")
	if err != nil || got.Reveal() != typed {
		t.Fatalf("the prompt did not return the typed text: %v", err)
	}
	if quiet(t, terminal) {
		t.Error("the terminal still hides typed text")
	}
	if _, err := terminal.WriteString("END"); err != nil {
		t.Fatal(err)
	}
	var screen bytes.Buffer
	for part := make([]byte, 100); !bytes.Contains(screen.Bytes(), []byte("END")); {
		n, err := keyboard.Read(part)
		if err != nil {
			t.Fatal(err)
		}
		screen.Write(part[:n])
	}
	if bytes.Contains(screen.Bytes(), []byte("typed")) ||
		bytes.Contains([]byte(ask.String()), []byte("typed")) {
		t.Error("the typed text is visible")
	}
}

func TestPromptInterrupted(t *testing.T) {
	t.Parallel()
	_, terminal := pty(t)
	// The read continues after the prompt, so its descriptor must stay open. Otherwise another
	// test's file could get the same number.
	fd, err := syscall.Dup(int(terminal.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		asked(t, terminal)
		cancel()
	}()
	var ask log.Buffer
	if _, err := promptSecret(ctx, fd, &ask, "Mapbox secret token"); !errors.Is(err,
		context.Canceled) {
		t.Errorf("after Ctrl-C: %v", err)
	}
	if quiet(t, terminal) {
		t.Error("the terminal still hides typed text")
	}
}
