package generate

// Names of many languages, so that encodings and sorting are exercised.
var givenNames = []string{
	"Ada", "Amara", "Anaïs", "Bao", "Björn", "Chidi", "Dana", "Eero", "Élise", "Farid", "Gwen", "Hana", "Ilse", "İpek", "João",
	"Kaito", "Łucja", "Mina", "Niamh", "Óscar", "Priya", "Quinn", "Rosa", "Søren", "Tariq", "Uma", "Vera", "Wanjiru", "Xóchitl", "Yara", "Zoë",
}

var surnames = []string{
	"Adeyemi", "Almeida", "Bauer", "Brzęk", "Castillo", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ivanova", "Jansen", "Kim",
	"Löwe", "Martínez", "Nguyễn", "O'Brien", "Park", "Quispe", "Rossi", "Şahin", "Takahashi", "Uçar", "Vasquez", "Wójcik", "Xu", "Yılmaz", "Zhang",
}

var subjects = []string{"Art", "Biology", "Chemistry", "English", "French", "Geography", "History", "Mathematics", "Music", "Physics", "Sport"}
