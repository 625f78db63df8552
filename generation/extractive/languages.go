package extractive

import (
	"strings"

	"satchel/generation"
)

// stops are the small words of a language. They are no terms, and a text that has few of
// them is not in that language.
var stops = map[string]map[string]bool{
	"en": list(`a about above after again against all almost also although always am among an and another any are aren't around as at
		be became because become been before being below between both but by came can cannot could did do does doing down during each either else
		even ever every few first for from further gave get give given goes going got had has have having he her here hers herself him himself his how
		however i if in into is it its itself just know known last least less let like made make makes many may me might more most much must my myself
		near need never new next no nor not nothing now of off often old on once one only onto or other others our ours ourselves out over own
		perhaps put rather said same saw say says second see seem seen several shall she should since so some something sometimes soon still such
		take taken than that the their theirs them themselves then there therefore these they thing things this those though three through thus to
		together too took toward two under until up upon us use used uses using usually very was way we well went were what when where whether which
		while who whole whom whose why will with within without would year years yet you your yours yourself called different important`),
	"de": list(`ab aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes anders auch auf aus bei beim bereits besonders
		bis bist da dabei dadurch dafür dagegen daher damit danach dann daran darauf daraus darf darin darüber darum das dass davon davor dazu dein deine dem
		den denn der deren derer des deshalb dessen dich die dies diese diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines
		einige einigen einiger einmal er erst erste ersten es etwa etwas euch euer für gab ganz gar gegen geht gibt hab habe haben hat hatte hatten hier
		hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im immer in indem ins ist ja je jede jedem jeden jeder jedes jedoch jene jenem jenen
		jener jenes jetzt kann kein keine keinem keinen keiner können könnte konnte konnten machen man manche mehr mehrere mein meine meist mich mir mit
		muss müssen musste nach nachdem neben nicht nichts noch nun nur ob oder oft ohne schon sehr sein seine seinem seinen seiner seines seit sich sie sind
		so sogar solche solchen soll sollen sollte sondern sonst sowie sowohl über um und uns unser unsere unter viel viele vielen vom von vor während war
		waren warum was weil weiter welche welchem welchen welcher wenig wenn wer werden wer wie wieder will wir wird wo wobei wurde wurden zu zum zur
		zwar zwei zwischen jahr jahre jahren beispiel teil`),
}

// referring words begin a sentence that needs the one before it.
var referring = map[string]map[string]bool{
	"en": list(`it its this that these those he she they his her their there then here however therefore thus such so but and or if when while because
		although in on at for with by as one some many most another also both what who which we you i my our your let after before during since until`),
	"de": list(`es dies diese dieser dieses das er sie ihr ihre sein seine dort dann hier aber und oder jedoch deshalb daher also so wenn als weil obwohl
		dabei dadurch damit in im am auf bei für mit von nach seit vor während bis man wir du ich unser unsere einige viele manche auch beide was wer`),
}

// verbal endings are those of words that are seldom terms.
var verbal = map[string][]string{
	"en": {"ing", "ed", "ly", "ally"},
	"de": {"en", "te", "ten", "et", "lich", "liche", "lichen"},
}

func list(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// phrases are the sentences around what is cut from the text.
type phrases struct {
	titles                                 map[generation.Kind]string
	which, explain                         string
	goals, start, reading, exercise, close string
	goal, ask, sum                         string
	content, explains, vocabulary, uses    string
	grades                                 []grade
}

type grade struct{ label, text string }

var phrasesOf = map[string]phrases{
	"en": {
		titles: map[generation.Kind]string{generation.Quiz: "Quiz", generation.Worksheet: "Worksheet", generation.LessonPlan: "Lesson plan",
			generation.Passage: "Reading", generation.Rubric: "Rubric", generation.Vocabulary: "Vocabulary"},
		which: "Which term does the text describe as “%s”?", explain: "Explain in your own words: %s",
		goals: "Goals", start: "Introduction", reading: "Reading", exercise: "Exercise", close: "Close",
		goal: "The learners can explain these terms: %s.", ask: "Collect what the learners know already about: %s.", sum: "Each learner explains one of these terms to a partner: %s.",
		content: "Content: %s", explains: "what the text says about %s", vocabulary: "Terms", uses: "the terms %s",
		grades: []grade{{"Very good", "Explains %s correctly and completely."}, {"Good", "Explains %s with small mistakes."},
			{"Sufficient", "Mentions %s without an explanation."}, {"Not yet", "Leaves out %s."}},
	},
	"de": {
		titles: map[generation.Kind]string{generation.Quiz: "Quiz", generation.Worksheet: "Arbeitsblatt", generation.LessonPlan: "Unterrichtsentwurf",
			generation.Passage: "Lesetext", generation.Rubric: "Bewertungsraster", generation.Vocabulary: "Wortliste"},
		which: "Welchen Begriff beschreibt der Text so: „%s“?", explain: "Erkläre mit eigenen Worten: %s",
		goals: "Ziele", start: "Einstieg", reading: "Lesen", exercise: "Übung", close: "Abschluss",
		goal: "Die Lernenden können diese Begriffe erklären: %s.", ask: "Sammeln, was die Lernenden schon wissen über: %s.", sum: "Jede und jeder erklärt einem Gegenüber einen dieser Begriffe: %s.",
		content: "Inhalt: %s", explains: "was der Text über %s sagt", vocabulary: "Begriffe", uses: "die Begriffe %s",
		grades: []grade{{"Sehr gut", "Erklärt richtig und vollständig: %s."}, {"Gut", "Erklärt mit kleinen Fehlern: %s."},
			{"Ausreichend", "Nennt ohne Erklärung: %s."}, {"Noch nicht", "Lässt aus: %s."}},
	},
}
