package models

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

var (
	errLong = errors.New("the answer of the model is too long")
	errIdle = errors.New("the model said nothing for too long")
)

// events reads server-sent events and calls take with the data of each. It ends at the
// end of the stream, or at [DONE].
func events(r io.Reader, take func(data []byte) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxAnswer)
	var data []byte
	read := 0
	flush := func() error {
		if len(data) == 0 {
			return nil
		}
		defer func() { data = data[:0] }()
		return take(data)
	}
	for lines.Scan() {
		line := lines.Bytes()
		if read += len(line) + 1; read > maxStream {
			return errLong
		}
		if len(line) == 0 {
			if err := flush(); err != nil {
				return err
			}
			continue
		}
		part, isData := bytes.CutPrefix(line, []byte("data:"))
		if !isData {
			continue // a comment, or the name of the event, which its data has too
		}
		part = bytes.TrimPrefix(part, []byte(" "))
		if string(part) == "[DONE]" {
			return nil
		}
		if len(data) > 0 {
			data = append(data, '\n')
		}
		if data = append(data, part...); len(data) > maxAnswer {
			return errLong
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return errLong
	}
	if lines.Err() != nil {
		return lines.Err()
	}
	return flush()
}
