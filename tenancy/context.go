package tenancy

import "context"

// The key is a private type, so that no other package can set or shadow it.
type actorKey struct{}

// WithActor puts the caller into the context. Only the edge that checked the
// caller's credentials calls it.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorFrom says who is asking; false when no one was authenticated. An actor
// without an organization counts as no one.
func ActorFrom(ctx context.Context) (Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	return a, ok && !a.Org.IsZero()
}
