package edge

import (
	"encoding/binary"
	"io"
	"net/http"
	"strconv"
	"strings"

	"satchel/files"
	"satchel/tenancy/usage"
)

// BytesPath begins the address of an object on the listener.
const BytesPath = "/bytes/"

// purpose keeps the names of objects apart from what else the keys sign.
const purpose = "edge object"

// object is what the edge fetches. Its name is signed: the edge fetches what an answer
// named, and nothing else of the store.
type object struct {
	key, etag string
	size      int64
}

func (e *Edge) seal(o object) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(o.size))
	b = binary.BigEndian.AppendUint16(b, uint16(len(o.etag)))
	return e.sealer.Seal(purpose, append(append(b, o.etag...), o.key...))
}

const fixed = 8 + 2

func (e *Edge) open(text string) (object, bool) {
	b, err := e.sealer.Open(purpose, text)
	if err != nil || len(b) < fixed {
		return object{}, false
	}
	tag := int(binary.BigEndian.Uint16(b[8:]))
	if len(b) < fixed+tag {
		return object{}, false
	}
	return object{size: int64(binary.BigEndian.Uint64(b)), etag: string(b[fixed : fixed+tag]), key: string(b[fixed+tag:])}, true
}

// serveBytes gives the whole of an object. The content host has asked for the right to it.
func (e *Edge) serveBytes(w http.ResponseWriter, r *http.Request) {
	o, ok := e.open(strings.TrimPrefix(r.URL.Path, BytesPath))
	if !ok || o.size > MaxSize {
		http.Error(w, "no object has that name", http.StatusNotFound)
		return
	}
	var body io.Reader = http.NoBody
	if o.size > 0 {
		stored, err := e.from.Open(r.Context(), o.key, o.etag, 0, o.size)
		if err != nil {
			http.Error(w, "the store did not give the object", http.StatusBadGateway)
			return
		}
		defer func() { _ = stored.Close() }()
		body = stored
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(o.size, 10))
	n, err := io.Copy(w, io.LimitReader(body, o.size))
	e.fetched.Add(float64(n))
	e.objects.Inc()
	if org, ok := files.OwnerOf(o.key); ok {
		e.meter.Add(org, usage.EdgeFetches, 1)
		e.meter.Add(org, usage.EdgeFetchedBytes, n)
	}
	if err != nil || n != o.size {
		panic(http.ErrAbortHandler) // half an object must not be kept as the whole
	}
}
