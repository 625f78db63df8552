package uploads

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"github.com/tus/tusd/v2/pkg/handler"

	"satchel/api/problem"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/audit"
)

// What only this package says.
var (
	errNoUpload = fault.New(fault.NotFound, "upload_not_found", "There is no such upload. Create a new one.")
	errGone     = fault.New(fault.Conflict, "upload_gone", "This upload has ended and takes no more bytes: it expired, was deleted, or was refused. Create a new one.")
	errReceived = fault.New(fault.Conflict, "upload_finished", "This upload is complete. Delete its file instead.")
	errMethod   = fault.New(fault.Invalid, "method_not_allowed", "This path takes POST to create an upload, and HEAD, PATCH and DELETE on one.")
	errTooLong  = fault.New(fault.TooLarge, files.ErrTooLarge.Code, "The body is longer than what is left of the announced length.")
	errConcat   = fault.New(fault.Invalid, "concatenation_unsupported", "Uploads cannot be put together from others here. Leave out Upload-Concat and send the file as one upload.")
)

// answer is an error as tusd sends it. What is our own failure is logged here
// with its cause, which the client does not see.
func (u *Uploads) answer(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	f := problem.Of(err)
	audit.Refused(ctx, f)
	u.logFault(ctx, f.Kind, err)
	s := problem.Status(f)
	return handler.Error{ErrorCode: f.Code, Message: f.Text, HTTPResponse: handler.HTTPResponse{
		StatusCode: s, Body: string(problem.JSON(s, f, requestOf(ctx).header())), Header: problem.Headers(s, f),
	}}
}

func (u *Uploads) logFault(ctx context.Context, kind fault.Kind, err error) {
	switch kind {
	case fault.Internal:
		u.Log.ErrorContext(ctx, "upload request failed", "error", err)
	case fault.Unavailable:
		u.Log.WarnContext(ctx, "upload request interrupted by client or network", "error", err)
	default: // the caller can fix it; it is in the access log
	}
}

// writeProblem answers with an error where tusd is not asked.
func (u *Uploads) writeProblem(ctx context.Context, w http.ResponseWriter, err error) {
	f := problem.Of(err)
	audit.Refused(ctx, f)
	u.logFault(ctx, f.Kind, err)
	problem.Write(w, problem.Status(f), f)
}

// tusdErrors are tusd's own answers in the words of this API. What is not here
// keeps its status under the code tus_error.
var tusdErrors = map[string]struct {
	status     int
	code, text string
}{
	"ERR_UNSUPPORTED_VERSION":         {412, "unsupported_version", "Send Tus-Resumable: 1.0.0."},
	"ERR_INVALID_CONTENT_TYPE":        {415, "content_type_required", "Send the bytes as application/offset+octet-stream."},
	"ERR_INVALID_UPLOAD_LENGTH":       {400, errLength.Code, "Upload-Length is missing or not a number of bytes."},
	"ERR_INVALID_UPLOAD_LENGTH_DEFER": {400, errLength.Code, "An upload's length is announced when it is created, in Upload-Length."},
	"ERR_AMBIGUOUS_UPLOAD_LENGTH":     {400, errLength.Code, "An upload's length is announced when it is created, in Upload-Length."},
	"ERR_NOT_IMPLEMENTED":             {501, "not_implemented", "An upload's length is announced when it is created, in Upload-Length."},
	"ERR_INVALID_OFFSET":              {400, "invalid_offset", "Upload-Offset is missing or not a number of bytes."},
	"ERR_MISMATCHED_OFFSET":           {409, "offset_mismatch", "Upload-Offset is not the offset of this upload. Ask for the offset with HEAD and continue from there."},
	"ERR_UPLOAD_SIZE_EXCEEDED":        {413, files.ErrTooLarge.Code, errTooLong.Text},
	"ERR_MAX_SIZE_EXCEEDED":           {413, files.ErrTooLarge.Code, files.ErrTooLarge.Text},
	"ERR_UPLOAD_NOT_FOUND":            {404, errNoUpload.Code, errNoUpload.Text},
	"ERR_UPLOAD_LOCKED":               {423, files.ErrLeased.Code, files.ErrLeased.Text},
	"ERR_LOCK_TIMEOUT":                {423, files.ErrLeased.Code, files.ErrLeased.Text},
	"ERR_UPLOAD_INTERRUPTED":          {423, files.ErrLeased.Code, "Another request took this upload over. Ask for the offset with HEAD before you continue."},
	"ERR_UPLOAD_STOPPED":              {410, errGone.Code, errGone.Text},
	"ERR_SERVER_SHUTDOWN":             {503, "shutting_down", "This server is being restarted. Continue the upload in a few seconds."},
	"ERR_ORIGIN_NOT_ALLOWED":          {403, "origin_not_allowed", "Pages of this origin may not upload here. An operator adds it to SATCHEL_CORS_ORIGINS."},
	"ERR_UNEXPECTED_EOF":              {400, errCutShort.Code, "The body ended early. What arrived is kept: ask for the offset with HEAD and continue from there."},
	"ERR_READ_TIMEOUT":                {503, "body_timeout", "For too long no bytes came, or next to none. What arrived is kept: ask for the offset with HEAD and continue from there."},
	"ERR_CONNECTION_RESET":            {503, "connection_reset", "The connection broke. What arrived is kept: ask for the offset with HEAD and continue from there."},
	"ERR_INTERNAL_SERVER_ERROR":       {500, "internal", "Something failed on our side. Try again; if it stays, give support the request id."},
}

// problemWriter turns tusd's plain-text errors, which name it and sometimes
// repeat an internal message, into problems. Everything else passes through.
type problemWriter struct {
	http.ResponseWriter
	held     int // status of an error whose body has not come yet
	written  bool
	location string // of a created upload: tusd would take scheme and host from the request
	draining func() bool
}

// Unwrap lets tusd reach the connection's deadlines.
func (w *problemWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *problemWriter) WriteHeader(status int) {
	if w.location != "" {
		w.Header().Set("Location", w.location)
	}
	if status >= 400 && w.Header().Get("Content-Type") != problem.ContentType {
		w.held = status
		return
	}
	w.written = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *problemWriter) Write(b []byte) (int, error) {
	if w.held == 0 || w.written {
		return w.ResponseWriter.Write(b)
	}
	code, _, _ := bytes.Cut(b, []byte(":"))
	w.translate(string(code))
	return len(b), nil
}

// translate sends the held error. Content-Length was of the text it replaces.
func (w *problemWriter) translate(code string) {
	status, f := w.held, &fault.Fault{Code: "tus_error", Text: "The request does not follow the tus protocol 1.0."}
	code = strings.TrimSpace(code)
	if code == "ERR_UPLOAD_INTERRUPTED" && w.draining() {
		code = "ERR_SERVER_SHUTDOWN" // no other request took it over: see Drain
	}
	if e, ok := tusdErrors[code]; ok {
		status, f = e.status, &fault.Fault{Code: e.code, Text: e.text}
	}
	w.Header().Del("Content-Length")
	w.written = true
	problem.Write(w.ResponseWriter, status, f)
}

// flush sends an error that came without a body, as to HEAD.
func (w *problemWriter) flush() {
	if w.held != 0 && !w.written {
		w.written = true
		w.Header().Del("Content-Type")
		w.ResponseWriter.WriteHeader(w.held)
	}
}
