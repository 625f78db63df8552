package pii

// phrase is a word or several, in folded form or what fold makes it. It has topics, or it is
// itself a marker of a category with a score.
type phrase struct {
	text     string
	topics   topic
	category Category
	score    float64
}

const (
	plainly = 0.5  // says by itself that a person is meant
	vague   = 0.15 // counts beside a word for one person
)

// phrases are English, Spanish and German, without accents.
var phrases = func() []phrase {
	var all []phrase
	for _, t := range topicWords {
		for _, word := range t.words {
			all = append(all, phrase{text: word, topics: t.topics})
		}
	}
	for _, m := range markerWords {
		for _, word := range m.words {
			all = append(all, phrase{text: word, category: m.category, score: m.score})
		}
	}
	return all
}()

var topicWords = []struct {
	topics topic
	words  []string
}{
	{ssn, []string{"ssn", "ssns", "ssn#", "s.s.n.", "social security", "social security number", "socialsecurity", "social sec", "soc sec", "ss#", "ss #",
		"numero de seguro social", "seguro social", "sozialversicherungsnummer"}},
	{itin, []string{"itin", "taxpayer", "taxpayer id", "tax id", "individual taxpayer", "tin"}},
	{ssn | itin, []string{"taxid", "tax payer"}},
	{card, []string{"credit", "card", "credit card", "debit card", "visa", "mastercard", "amex", "american express", "discover", "cc", "ccn", "cardnumber",
		"kreditkarte", "kreditkartennummer", "tarjeta", "tarjeta de credito"}},
	{bank, []string{"account", "account number", "account no", "account #", "acct", "acct no", "bank", "bank account", "accountnumber", "checking", "savings",
		"debit", "kontonummer", "konto", "cuenta", "cuenta bancaria", "numero de cuenta"}},
	{routing, []string{"routing", "routing number", "aba", "rtn", "bank routing", "routingnumber", "bankleitzahl transit"}},
	{phone, []string{"phone", "phones", "telephone", "phone number", "cell", "cellphone", "mobile", "call", "text me", "tel", "fax", "contact number",
		"emergency contact", "homephone", "cellphone", "phonenumber", "whatsapp", "telefon", "telefonnummer", "handy", "mobil", "handynummer", "rufnummer",
		"telefono", "celular", "movil", "llame"}},
	{address, []string{"address", "home address", "lives at", "street address", "resides at", "mailing address", "residence", "moved to", "adresse", "anschrift",
		"direccion", "domicilio"}},
	{email, []string{"email", "e mail", "mail", "correo", "correo electronico"}},
	{birth, []string{"dob", "d.o.b.", "d.o.b", "date of birth", "birth date", "birthdate", "dateofbirth", "birthday", "birth day", "geburtsdatum", "geb.",
		"geburtstag", "fecha de nacimiento", "fechanacimiento", "nacimiento", "cumpleanos"}},
	{born, []string{"born", "born on", "geboren", "geboren am", "nacido", "nacida", "nacio"}},
	{permit, []string{"driver license", "drivers license", "driver licence", "drivers licence", "driving license", "driving licence", "license number",
		"licence number", "dl", "dl#", "dln", "driverslicense", "driverlicense", "operator license", "permit number", "fuhrerschein", "fuhrerscheinnummer",
		"licencia de conducir", "permiso de conducir", "licencia de manejo"}},
	{passport, []string{"passport", "passport number", "passport no", "passport#", "passportnumber", "travel document", "reisepass", "reisepassnummer",
		"passnummer", "pasaporte", "numero de pasaporte"}},
	{mbi, []string{"mbi", "medicare", "medicare beneficiary", "beneficiary identifier"}},
	{nhs, []string{"nhs", "nhs number", "nhs no", "national health service"}},
	{medical, []string{"mrn", "medical record", "medical record number", "patient id", "patient number", "medicaid", "medicaid id", "health insurance",
		"insurance number", "insurance id", "member id", "policy number", "krankenversicherungsnummer", "versichertennummer", "patientennummer",
		"numero de paciente", "historia clinica"}},
	{student, []string{"student id", "student number", "student no", "student #", "studentid", "pupil id", "pupil number", "learner id", "sis id", "state id",
		"schulernummer", "schuelernummer", "matrikelnummer", "matricula", "id del estudiante", "numero de estudiante"}},
	{person, []string{"his", "her", "hers", "he", "she", "my son", "my daughter", "my child", "our son", "our daughter", "student name", "student:", "pupil:",
		"child name", "name:", "mein sohn", "meine tochter", "mein kind", "unser sohn", "unsere tochter", "schuler:", "schulerin:", "mi hijo", "mi hija",
		"alumno:", "alumna:", "estudiante:", "nombre:"}},
	{company, []string{"inc", "inc.", "llc", "ltd", "gmbh", "corp", "corporation", "foundation", "company", "publisher", "publishers", "press", "university",
		"college", "museum", "library", "office", "offices", "headquarters", "department", "association", "institute", "copyright", "all rights reserved",
		"school", "elementary", "high school", "district", "hospital", "fsf"}},
	{version, []string{"version", "versions", "ver", "v", "release", "releases", "section", "sections", "chapter", "build", "firmware", "clause", "oid",
		"figure", "table", "kapitel", "abschnitt", "seccion", "capitulo", "paragraph", "exercise", "driver version"}},
	{other, []string{"order", "order no", "order number", "ticket", "ticket number", "tracking", "tracking number", "invoice", "invoice number", "isbn", "isbn 10",
		"isbn 13", "issn", "serial number", "barcode", "upc", "ean", "bestellnummer", "rechnungsnummer", "sendungsnummer", "pedido", "factura"}},
	{network, []string{"ip", "ip address", "ipv4", "ipv6", "ipaddress", "ip addr", "client address", "remote address", "direccion ip", "ip adresse"}},
}

var markerWords = []struct {
	category Category
	score    float64
	words    []string
}{
	{SpecialEd, plainly, []string{"has an iep", "iep status", "iep: yes", "iep: y", "iep eligibility", "504 plan: yes", "504: yes", "504 status", "has a 504",
		"special education status", "special education eligibility", "eligible for special education", "receives special education",
		"sped status", "primary disability", "disability category", "manifestation determination", "behavior intervention plan for",
		"present levels of performance", "least restrictive environment placement", "sonderpadagogischer forderbedarf: ja",
		"forderschwerpunkt:", "recibe educacion especial", "elegible para educacion especial"}},
	{SpecialEd, vague, []string{"iep", "ieps", "individualized education program", "individualized education plan", "504 plan", "section 504", "special education",
		"special ed", "learning disability", "specific learning disability", "emotional disturbance", "paraprofessional support",
		"speech therapy", "occupational therapy", "resource room", "sonderpadagogischer forderbedarf", "sonderpadagogischen forderbedarf",
		"sonderpadagogische forderung", "sonderpadagogischer forderung",
		"inklusionskind", "educacion especial", "programa educativo individualizado", "discapacidad de aprendizaje"}},
	{Health, plainly, []string{"was diagnosed with", "been diagnosed with", "diagnosis:", "allergies:", "medications:", "medical condition:", "medical conditions:",
		"health condition:", "immunization record", "takes medication for", "wurde diagnostiziert mit", "diagnose:", "allergien:", "medikamente:",
		"fue diagnosticado con", "fue diagnosticada con", "diagnostico:", "alergias:", "medicamentos:"}},
	{Health, vague, []string{"adhd", "asthma", "inhaler", "epipen", "diabetes", "diabetic", "epilepsy", "seizures", "autism", "autistic", "depression",
		"anxiety disorder", "allergic to", "peanut allergy", "insulin", "medication", "eating disorder", "self harm", "pregnant", "suicidal",
		"counseling sessions", "therapist", "adhs", "autismus", "epilepsie", "allergisch gegen", "medikament", "schwanger", "tdah", "asma",
		"autismo", "alergico a", "alergica a", "embarazada", "medicacion"}},
	{Discipline, plainly, []string{"disciplinary action taken", "discipline record", "disciplinary record", "discipline incident", "days suspended",
		"was suspended for", "was expelled", "been expelled", "suspended from school", "expulsion hearing", "in school suspension for",
		"out of school suspension for", "office referral for", "incident report for", "disziplinarmassnahme:", "schulverweis:",
		"vom unterricht ausgeschlossen", "fue suspendido", "fue suspendida", "fue expulsado", "fue expulsada", "expediente disciplinario"}},
	{Discipline, vague, []string{"out of school suspension", "in school suspension", "expelled", "expulsion", "detention", "truancy", "truant", "office referral",
		"bullying incident", "schulverweis", "nachsitzen", "verweis erhalten", "castigo", "expulsion escolar"}},
	{LunchStatus, plainly, []string{"lunch status", "lunchstatus", "meal status", "frl status", "frpl status", "eligible for free lunch", "eligible for reduced lunch",
		"free lunch: yes", "reduced lunch: yes", "qualifies for free lunch", "qualifies for reduced lunch", "qualifies for free and reduced",
		"receives free lunch", "receives reduced price lunch", "lunch code", "essensgeldbefreiung", "recibe almuerzo gratis",
		"elegible para almuerzo gratis"}},
	{LunchStatus, vague, []string{"free lunch", "reduced lunch", "reduced price lunch", "free and reduced lunch", "free or reduced lunch", "free and reduced price lunch",
		"frpl", "snap benefits", "tanf", "bildung und teilhabe", "bildungspaket", "almuerzo gratis", "almuerzo a precio reducido"}},
}
