package extract

import "github.com/abadojack/whatlanggo"

// languages are the text search configurations of PostgreSQL 15 by the languages that are
// told apart. All others are searched word by word, as "simple".
var languages = map[whatlanggo.Lang]string{
	whatlanggo.Arb: "arabic", whatlanggo.Dan: "danish", whatlanggo.Nld: "dutch", whatlanggo.Eng: "english", whatlanggo.Fin: "finnish",
	whatlanggo.Fra: "french", whatlanggo.Deu: "german", whatlanggo.Ell: "greek", whatlanggo.Hun: "hungarian", whatlanggo.Ind: "indonesian",
	whatlanggo.Ita: "italian", whatlanggo.Nob: "norwegian", whatlanggo.Por: "portuguese", whatlanggo.Ron: "romanian", whatlanggo.Rus: "russian",
	whatlanggo.Spa: "spanish", whatlanggo.Swe: "swedish", whatlanggo.Tur: "turkish",
}

const (
	unknownLanguage = "simple"
	sample          = 4096 // bytes that tell the language
)

// languageOf is the text search configuration for a text. A guess that is not reliable
// would cut the words of a text by the rules of another language.
func languageOf(text string) string {
	info := whatlanggo.Detect(text[:min(len(text), sample)])
	name, known := languages[info.Lang]
	if !known || !info.IsReliable() {
		return unknownLanguage
	}
	return name
}
