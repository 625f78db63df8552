// Package events has the changes of a ring. None occurs in the local server.
package events

// Event is one change.
type Event any

// EventListener receives changes.
type EventListener interface{ HandleEvent(event Event) }
