// Package ollama pins, besides Ollama itself, a module that is not compiled: it carries miniaudio.h, which Ollama's module leaves out.
package ollama

import _ "github.com/gen2brain/malgo"
