package api

import (
	_ "embed"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"satchel/api/console"
)

// document is the contract; its test holds it and the router against each other.
//
//go:embed openapi.yaml
var document []byte

func (a *API) getDocument(c *gin.Context) error {
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, "application/yaml; charset=utf-8", document)
	return nil
}

// aboutPage needs neither styles nor scripts, so that the policy that every answer
// has, which allows nothing, is its own as well.
//
//go:embed about.html
var aboutPage []byte

// getFront leads people to the console and says to programs what this is.
func (a *API) getFront(c *gin.Context) error {
	if a.Console == nil || c.NegotiateFormat(gin.MIMEJSON, gin.MIMEHTML) != gin.MIMEHTML {
		return a.getAbout(c)
	}
	c.Writer.Header().Add("Vary", "Accept")
	c.Redirect(http.StatusSeeOther, console.Path+"/")
	return nil
}

// getAbout says what this is and where the contract is: as a page to browsers, as
// JSON to others.
func (a *API) getAbout(c *gin.Context) error {
	c.Writer.Header().Add("Vary", "Accept")
	if c.NegotiateFormat(gin.MIMEJSON, gin.MIMEHTML) == gin.MIMEHTML {
		c.Data(http.StatusOK, "text/html; charset=utf-8", aboutPage)
		return nil
	}
	c.JSON(http.StatusOK, gin.H{
		"name": "Satchel", "summary": "Files for schools, checked before anybody can read them.", "contract": documentPath, "authorization": resourcePath,
	})
	return nil
}

// getResource tells a client whose tokens are taken here (RFC 9728).
func (a *API) getResource(c *gin.Context) error {
	c.JSON(http.StatusOK, gin.H{
		"resource": a.Config.URL, "authorization_servers": []string{a.Verifier.Issuer()}, "bearer_methods_supported": []string{"header"},
	})
	return nil
}

// getSecurity serves security.txt, the contacts for vulnerability reports (RFC 9116).
func (a *API) getSecurity(c *gin.Context) error {
	text, ok := a.Security.Text(time.Now())
	if !ok {
		return errNoRoute
	}
	c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
	return nil
}

func (a *API) getHealth(c *gin.Context) error {
	c.JSON(http.StatusOK, gin.H{"alive": true})
	return nil
}

func (a *API) getReadiness(c *gin.Context) error {
	a.Ready.ServeHTTP(c.Writer, c.Request)
	return nil
}
