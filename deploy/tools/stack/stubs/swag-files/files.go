// Package files replaces the pages that show the description of an API: 34 MB of source. The stack's supervisor has no
// such pages.
package files

// Handler serves nothing. See gin-swagger beside this.
var Handler any
