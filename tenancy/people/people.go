// Package people is what an organization knows of its people beyond their roles:
// a name to show, and by what a first sign-in finds them.
package people
