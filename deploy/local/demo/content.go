package main

import "satchel/internal/devstack/samples"

// makeSamples are the first samples, with one of each outcome.
func makeSamples() []sample {
	photo := samples.WithGPS(samples.JPEG(samples.Picture(1600, 1200)))
	return []sample{
		{name: "playground.jpg", what: "photo that says where it was taken", bytes: photo, status: "published", preview: "ready"},
		{name: "timetable.png", what: "picture", bytes: samples.PNG(samples.Picture(900, 600)), status: "published", preview: "ready"},
		{name: "worksheet.pdf", what: "one page", bytes: samples.PDF("Worksheet 1"), status: "published"},
		{name: "essay.docx", what: "office document", bytes: samples.DOCX("My holidays"), status: "published"},
		{name: "Grüße – 你好 – 🎒.txt", what: "text, Unicode name", bytes: []byte("Grüße aus der Klasse 4b\n你好\n"), status: "published"},
		{name: "eicar.txt", what: "antivirus test string", bytes: samples.EICAR(), status: "quarantined", reason: "infected:"},
		{name: "homework.zip", what: "the same, inside a zip", bytes: samples.Zipped("notes/eicar.txt", samples.EICAR()), status: "quarantined", reason: "infected:"},
		{name: "broken.jpg", what: "image cut in half", bytes: photo[:len(photo)/2], status: "published", preview: "unavailable"},
	}
}

// families has a small file of each family of docs/types.md that the first samples do
// not have. What previews each gets is said by policies/previews.
func families() []sample {
	published := func(name, what string, content []byte) sample {
		return sample{name: name, what: what, bytes: content, status: "published", family: true}
	}
	return []sample{
		published("map.svg", "drawing", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><rect width="400" height="300" fill="#dcebf5"/><circle cx="200" cy="150" r="90" fill="#7a4"/></svg>`)),
		published("reading.odt", "OpenDocument text", samples.ODT("Reading list of this term")),
		published("notes.md", "Markdown", []byte("# Notes\n\n- leaves\n- roots\n\n| plant | height |\n|---|---|\n| fern | 40 cm |\n")),
		published("measurements.csv", "table", []byte("minute,temperature\n0,21.5\n5,24.0\n10,27.5\n")),
		published("hello.py", "source code", []byte("def greet(name):\n    return f\"Hello, {name}\"\n\n\nprint(greet(\"class\"))\n")),
		published("exercise.html", "markup", []byte("<!doctype html>\n<html lang=\"en\">\n<head><title>Exercise</title></head>\n<body><p>Find the error.</p></body>\n</html>\n")),
		published("bell.wav", "sound", samples.WAV()),
		published("ball.avi", "film", samples.AVI(10)),
		published("pyramid.stl", "model", samples.STL()),
		published("maze.sb3", "Scratch project", samples.Archive([][2]string{{"project.json", `{"targets":[],"monitors":[],"extensions":[],"meta":{"semver":"3.0.0"}}`}})),
		published("week.zip", "archive", samples.Archive([][2]string{{"readme.txt", "What we did this week.\n"}})),
	}
}
