package io.modelassay.compatibility;

import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;

/**
 * What a version of a library makes of an artifact, from its files.
 *
 * @param library whose verdict it is
 * @param version the version that was asked for
 * @param answeredAs the version whose behaviour is known; of the same minor release, if it is not {@code version}
 * @param outcome how loading ends
 * @param kind stable kebab-case name of what decides the outcome, such as {@code shape-mismatch}; empty if clean
 * @param exception the type that is raised, as Python names it; empty without one
 * @param message what is raised or the decisive warning; empty without one
 * @param warnings all warnings, their class first
 * @param missing keys of adapter tensors that the library looks for and does not find, as it names them in memory
 * @param unexpected keys that it has no place for, as it names them in memory
 * @param mismatched keys of tensors that it refuses for their shape, as it names them in memory
 * @param effect what the loaded artifact does; empty if it does not load, or there is no telling
 * @param cause why, in a sentence; empty where there is nothing to explain
 * @param cure what to do about it; empty where there is nothing to cure
 */
@API(status = API.Status.EXPERIMENTAL)
public record Prediction(
        Library library,
        LibraryVersion version,
        Optional<LibraryVersion> answeredAs,
        Outcome outcome,
        String kind,
        String exception,
        String message,
        List<String> warnings,
        List<String> missing,
        List<String> unexpected,
        List<String> mismatched,
        Optional<Effect> effect,
        String cause,
        String cure) {

    static Prediction notCovered(Library library, LibraryVersion version, String cause, String cure) {
        return new Prediction(
                library,
                version,
                Optional.empty(),
                Outcome.NOT_COVERED,
                "not-covered",
                "",
                "",
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                Optional.empty(),
                cause,
                cure);
    }

    /** The same, with other words on why and on what to do. */
    Prediction with(String why, String what) {
        return new Prediction(
                library,
                version,
                answeredAs,
                outcome,
                kind,
                exception,
                message,
                warnings,
                missing,
                unexpected,
                mismatched,
                effect,
                why,
                what);
    }

    /** Whether it loads and does what its files say. */
    public boolean works() {
        return effect.filter(Effect.FULL::equals).isPresent();
    }

    /** Whether two versions end in the same way: outcome, exception, effect and kind. */
    public boolean isLike(Prediction other) {
        return outcome == other.outcome
                && exception.equals(other.exception)
                && effect.equals(other.effect)
                && kind.equals(other.kind);
    }

    /** Outcome and message on a line. */
    public String summary() {
        String raised = exception.isEmpty() ? message : exception + ": " + message;
        String done = effect.filter(found -> found != Effect.FULL)
                .map(found -> switch (found) {
                    case NONE -> "without effect";
                    case PARTIAL -> "effect other than its files say";
                    default -> "not finite";
                })
                .orElse("");
        return String.join(
                "; ",
                List.of(outcome.name(), raised, done).stream()
                        .filter(part -> !part.isEmpty())
                        .toList());
    }
}
