package types

// signed is a binary kind that is known by its first bytes.
func signed(family Family, title, mediaType string, magics []magic, extensions ...string) Row {
	return Row{Title: title, MediaType: mediaType, Extensions: extensions, Family: family, Tier: Default, magics: magics}
}

// either is a kind that comes as text and as binary data without a signature of
// its own.
func either(family Family, title, mediaType string, extensions ...string) Row {
	return Row{Title: title, MediaType: mediaType, Extensions: extensions, Family: family, Tier: Default, contents: append([]string{unknown}, textKinds...)}
}

var models = []Row{
	either(Model, "STL model", "model/stl", ".stl"),
	either(Model, "Wavefront model", "model/obj", ".obj"),
	text(Text, "Wavefront material", "model/mtl", ".mtl"),
	either(Model, "PLY model", "model/x-ply", ".ply"),
	text(Text, "Collada model", "model/vnd.collada+xml", ".dae"),
	text(Text, "glTF model", "model/gltf+json", ".gltf"),
	signed(Model, "binary glTF model", "model/gltf-binary", []magic{{0, "glTF"}}, ".glb"),
	bundle(Model, "3MF model", "model/3mf", []string{"3d/"}, ".3mf"),
	either(Model, "FBX model", "application/x-fbx", ".fbx"),
	signed(Model, "SketchUp model", "application/vnd.sketchup.skp", []magic{{0, "\xff\xfe\xff\x0e"}, {0, "PK\x03\x04"}}, ".skp"),
	text(Text, "STEP model", "model/step", ".step", ".stp", ".iges", ".igs"),
	either(Model, "AutoCAD exchange drawing", "image/vnd.dxf", ".dxf"),
	signed(Model, "AutoCAD drawing", "image/vnd.dwg", []magic{{0, "AC10"}, {0, "AC1."}}, ".dwg"),
	signed(Model, "Blender file", "application/x-blender", []magic{{0, "BLENDER"}, {0, "\x1f\x8b"}, {0, "\x28\xb5\x2f\xfd"}}, ".blend"),
	text(Text, "OpenSCAD model", "application/x-openscad", ".scad"),
	bundle(Model, "FreeCAD model", "application/x-extension-fcstd", []string{"document.xml"}, ".fcstd"),
	text(Text, "G-code", "text/x-gcode", ".gcode"),
}

var projects = []Row{
	bundle(Project, "Scratch project", "application/x.scratch.sb3", []string{"project.json"}, ".sb3"),
	bundle(Project, "Scratch sprite", "application/x.scratch.sprite3", []string{"sprite.json"}, ".sprite3", ".sprite2"),
	{Title: "Scratch 2 project", MediaType: "application/x.scratch.sb2", Extensions: []string{".sb2"}, Claims: zipClaims, Family: Project, Tier: Default,
		Container: Zip, contents: []string{zipContent}, markers: []string{"project.json"}},
	bundle(Project, "App Inventor project", "application/x-appinventor", []string{"src/", "youngandroidproject/", "assets/"}, ".aia"),
	bundle(Project, "LEGO project", "application/x-lego", []string{"manifest.json", "scratch.sb3", "project.lvprojx", "icon.svg", "projectbody.json"}, ".llsp3", ".llsp", ".lmsp", ".ev3", ".ev3m"),
	{Title: "Construct 3 project", MediaType: "application/x-construct3", Extensions: []string{".c3p"}, Claims: zipClaims, Family: Project, Tier: Default,
		Container: Zip, contents: []string{zipContent}, markers: []string{"project.c3proj", "project.json"}},
	text(Text, "micro:bit program", "application/x-intel-hex", ".hex"),
	signed(Project, "micro:bit firmware", "application/x-uf2", []magic{{0, "UF2\n"}}, ".uf2"),
	bundle(Project, "Minecraft world", "application/x-minecraft-world", []string{"level.dat"}, ".mcworld", ".mctemplate"),
	{Title: "Roblox place", MediaType: "application/x-roblox", Extensions: []string{".rbxl", ".rbxm", ".rbxlx", ".rbxmx"}, Family: Project, Tier: Default,
		contents: textKinds, magics: []magic{{0, "<roblox"}}},
	bundle(Project, "GeoGebra worksheet", "application/vnd.geogebra.file", []string{"geogebra.xml", "geogebra_macro.xml"}, ".ggb", ".ggt"),
	signed(Project, "TI-Nspire document", "application/x-ti-nspire", []magic{{0, "*TIMLP"}, {0, "PK\x03\x04"}}, ".tns"),
	signed(Project, "graphing calculator file", "application/x-ti-83", []magic{{0, "**TI"}, {0, "\xaa\xac\xbd\xaf"}, {0, "USBPower"}}, ".8xp", ".8xv", ".8xl", ".g3a", ".g3m"),
	bundle(Project, "MuseScore score", "application/x-musescore", []string{"meta-inf/container.xml", "score_style.mss", "thumbnails/"}, ".mscz"),
	text(Text, "MuseScore score, unpacked", "application/x-musescore+xml", ".mscx"),
	bundle(Project, "compressed MusicXML score", "application/vnd.recordare.musicxml", []string{"meta-inf/container.xml"}, ".mxl"),
	signed(Project, "Audacity project", "application/x-audacity-project+sqlite3", []magic{{0, "SQLite format 3\x00"}}, ".aup3"),
	text(Text, "Audacity 2 project", "application/x-audacity-project+xml", ".aup"),
	bundle(Project, "Krita image", "application/x-krita", []string{"mimetype", "maindoc.xml"}, ".kra"),
	bundle(Project, "OpenRaster image", "image/openraster", []string{"mimetype", "stack.xml"}, ".ora"),
	bundle(Project, "Procreate image", "application/x-procreate", []string{"document.archive"}, ".procreate"),
	signed(Project, "Clip Studio image", "application/x-clip-studio", []magic{{0, "CSFCHUNK"}}, ".clip"),
	signed(Project, "Affinity document", "application/x-affinity", []magic{{0, "\x00\xffKA"}}, ".afdesign", ".afphoto", ".afpub"),
	signed(Project, "SQLite database", "application/vnd.sqlite3", []magic{{0, "SQLite format 3\x00"}}, ".sqlite", ".sqlite3", ".db"),
	bundle(Project, "Fritzing sketch", "application/x-fritzing", []string{"*.fz"}, ".fzz"),
	text(Text, "circuit", "application/x-logisim", ".circ", ".logisim", ".fz", ".dig"),
	bundle(Project, "Snap! or Greenfoot project", "application/x-greenfoot", []string{"project.greenfoot", "project.xml"}, ".gfar"),
	coursePackage("H5P package", "application/x-h5p", []string{"h5p.json"}, ".h5p"),
	coursePackage("Common Cartridge", "application/x-imscc", []string{"imsmanifest.xml"}, ".imscc"),
	coursePackage("Moodle backup", "application/vnd.moodle.backup", []string{"moodle_backup.xml"}, ".mbz"),
	coursePackage("SMART Notebook", "application/x-smarttech-notebook", []string{"imsmanifest.xml", "metadata.xml", "settings.xml"}, ".notebook", ".nbk", ".xbk", ".flipchart"),
	{Title: "Access database", MediaType: "application/x-msaccess", Extensions: []string{".accdb", ".mdb"}, Claims: []string{"application/msaccess"}, Family: Project,
		Tier: Staff, Switch: Databases, magics: []magic{{4, "Standard ACE DB"}, {4, "Standard Jet DB"}}},
}

// coursePackage is a package of pages with scripts for a learning platform. Staff
// bring it; students where the organization allows it.
func coursePackage(title, mediaType string, markers []string, extensions ...string) Row {
	r := bundle(Project, title, mediaType, markers, extensions...)
	r.Tier, r.Switch = Staff, CoursePackagesStudents
	return r
}
