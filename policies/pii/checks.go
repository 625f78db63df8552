package pii

import "strings"

// Check digits and ranges, of digits without separators.

func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// issuer says whose range a card number of this length is in; empty means none.
func issuer(digits string) string {
	size, two, three, four := len(digits), number(digits, 2), number(digits, 3), number(digits, 4)
	switch {
	case size < 12:
		return ""
	case digits[0] == '4' && (size == 13 || size == 16 || size == 19):
		return "visa"
	case size == 16 && (two >= 51 && two <= 55 || four >= 2221 && four <= 2720):
		return "mastercard"
	case size == 15 && (two == 34 || two == 37):
		return "american express"
	case size == 14 && (three >= 300 && three <= 305 || two == 36 || two == 38 || two == 39):
		return "diners club"
	case size >= 16 && (four == 6011 || two == 65 || three >= 644 && three <= 649):
		return "discover"
	case size >= 16 && four >= 3528 && four <= 3589:
		return "jcb"
	case size >= 16 && two == 62:
		return "unionpay"
	case size == 15 && digits[0] == '1':
		return "airlines" // UATP
	case size >= 12 && (two == 50 || two >= 56 && two <= 58 || two == 63 || two == 67):
		return "maestro"
	}
	return ""
}

func number(digits string, first int) int {
	n := 0
	for i := 0; i < first && i < len(digits); i++ {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

func allSame(text string) bool {
	return strings.Count(text, text[:1]) == len(text)
}

// validSSN refuses numbers that are never issued, and those that advertisements made known.
func validSSN(d string) bool {
	switch d {
	case "123456789", "987654321", "078051120", "219099999":
		return false
	}
	return len(d) == 9 && d[:3] != "000" && d[:3] != "666" && d[0] != '9' && d[3:5] != "00" && d[5:] != "0000" && !allSame(d)
}

// validITIN knows the ranges of the fourth and fifth digit.
func validITIN(d string) bool {
	group := number(d[3:], 2)
	return d[0] == '9' && (group >= 50 && group <= 65 || group >= 70 && group <= 88 || group >= 90 && group <= 92 || group >= 94)
}

// validRouting is the checksum of the American Bankers Association, 3-7-1.
func validRouting(d string) bool {
	if len(d) != 9 || allSame(d) {
		return false
	}
	sum := 0
	for i, weight := range [9]int{3, 7, 1, 3, 7, 1, 3, 7, 1} {
		sum += weight * int(d[i]-'0')
	}
	first := number(d, 2)
	return sum%10 == 0 && (first <= 12 || first >= 21 && first <= 32 || first >= 61 && first <= 72 || first == 80)
}

// validNHS is the check digit modulo 11.
func validNHS(d string) bool {
	if len(d) != 10 || allSame(d) {
		return false
	}
	sum := 0
	for i := range 9 {
		sum += (10 - i) * int(d[i]-'0')
	}
	check := 11 - sum%11
	return check != 10 && check%11 == int(d[9]-'0')
}

// validMBI is the form of a Medicare beneficiary identifier: eleven characters, of which the
// letters are none that look like digits.
func validMBI(token string) bool {
	if len(token) != 11 || token[0] == '0' {
		return false
	}
	for i, kind := range []byte("nabnabnaann") {
		c := token[i]
		digit := c >= '0' && c <= '9'
		letter := c >= 'A' && c <= 'Z' && !strings.ContainsRune("SLOIBZ", rune(c))
		if kind == 'n' && !digit || kind == 'a' && !letter || !digit && !letter {
			return false
		}
	}
	return true
}

// validIBAN is the remainder modulo 97, with the country's digits at the end.
func validIBAN(iban string) bool {
	remainder := 0
	for i := range len(iban) {
		c := iban[(i+4)%len(iban)]
		if c >= 'A' {
			remainder = (remainder*100 + int(c-'A') + 10) % 97
		} else {
			remainder = (remainder*10 + int(c-'0')) % 97
		}
	}
	return remainder == 1
}

// ibanLength are the lengths of the countries of the registry.
var ibanLength = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28, "CH": 21,
	"CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18,
	"FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23,
	"IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27,
	"MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28,
	"PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
	"SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}
