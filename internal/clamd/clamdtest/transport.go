package clamdtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"strings"
	"syscall"
)

// instreamTransport is INSTREAM: the bytes come through the connection.
type instreamTransport struct{}

func (instreamTransport) take(conn net.Conn) (io.ReadCloser, error) {
	return io.NopCloser(&stream{conn: conn}), nil
}
func (instreamTransport) say(reply string) string { return reply }

// noDescriptor is the real daemon's answer to a descriptor that did not come.
const noDescriptor = "No file descriptor received. ERROR\x00"

var errNoDescriptor = errors.New("no descriptor came")

// fildesTransport is FILDES: one byte comes through the connection, and a
// descriptor along with it, which the fake reads from its beginning.
type fildesTransport struct{ lost bool }

func (d fildesTransport) take(conn net.Conn) (io.ReadCloser, error) {
	var one [1]byte
	rights := make([]byte, syscall.CmsgSpace(4))
	_, n, _, _, err := conn.(*net.UnixConn).ReadMsgUnix(one[:], rights)
	if err != nil {
		return nil, err
	}
	fd, err := descriptorIn(rights[:n])
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), "handed over")
	if d.lost {
		_ = file.Close()
		return nil, errNoDescriptor
	}
	return descriptorCount{io.NewSectionReader(file, 0, math.MaxInt64), file}, nil
}

func descriptorIn(rights []byte) (int, error) {
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil || len(messages) != 1 {
		return 0, errors.Join(errNoDescriptor, err)
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return 0, errors.Join(errNoDescriptor, err)
	}
	return fds[0], nil
}

// say names a descriptor as the real daemon does.
func (fildesTransport) say(reply string) string {
	return strings.ReplaceAll(reply, "stream: ", "fd[10]: ")
}

type descriptorCount struct {
	io.Reader
	io.Closer
}

// stream reads the chunks of one INSTREAM body as one reader that ends with the
// empty chunk.
type stream struct {
	conn io.Reader
	left uint32
	over bool
}

func (s *stream) Read(p []byte) (int, error) {
	if s.over {
		return 0, io.EOF
	}
	if s.left == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n, err := s.conn.Read(p[:min(len(p), int(s.left))])
	s.left -= uint32(n)
	return n, err
}

func (s *stream) next() error {
	var header [4]byte
	if _, err := io.ReadFull(s.conn, header[:]); err != nil {
		return io.ErrUnexpectedEOF
	}
	s.left = binary.BigEndian.Uint32(header[:])
	switch {
	case s.left == 0:
		s.over = true
		return io.EOF
	case s.left > maxChunk:
		return fmt.Errorf("chunk of %d bytes", s.left)
	}
	return nil
}
