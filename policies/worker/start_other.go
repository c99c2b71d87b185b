//go:build !linux

package worker

import (
	"os"
	"os/exec"
)

func self() (string, error) { return os.Executable() }

// tie does nothing: the process ends once its input does.
func tie(*exec.Cmd) {}

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() } // it is gone
