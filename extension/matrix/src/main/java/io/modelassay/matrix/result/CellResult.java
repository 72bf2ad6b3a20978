package io.modelassay.matrix.result;

import io.modelassay.evaluation.Subject;
import io.modelassay.report.FigureLine.Measured;
import io.modelassay.report.FigureLine.Traced;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import java.util.List;
import java.util.SortedMap;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What one cell gave: the document {@code cells/ID/result.json}.
 *
 * @param schema {@link #SCHEMA}
 * @param digest the plan's digest of everything that this result depends on
 * @param cell the cell's id
 * @param suite the suite's name
 * @param stack the stack's name
 * @param libraries versions that were on the class path, by {@code group:artifact} or {@code group:artifact:classifier}
 * @param java version and maker of the JDK; empty if none was started
 * @param outcome how it ended
 * @param detail one sentence about the outcome where it is not {@link CellOutcome#COMPLETED}, and what to try
 * @param running the test that was running when the JVM ended; {@code null} where none was
 * @param notes what else was odd, such as output that was cut
 * @param measured what differs from run to run
 * @param tests sorted by id
 * @param comparisons models against their references
 * @param perplexities models on their own
 * @param checks figures held against limits
 * @param traces what models compute, by which stacks are compared
 * @param models what the names of models stand for; empty in results of earlier versions
 */
@API(status = API.Status.EXPERIMENTAL)
public record CellResult(
        String schema,
        String digest,
        String cell,
        String suite,
        String stack,
        SortedMap<String, String> libraries,
        String java,
        CellOutcome outcome,
        String detail,
        @Nullable String running,
        List<String> notes,
        Measurement measured,
        List<TestResult> tests,
        List<Compared> comparisons,
        List<Measured> perplexities,
        List<Check> checks,
        List<Traced> traces,
        List<Subject> models) {
    /** Copies the models; a document of an earlier version has none. */
    public CellResult {
        models = models == null ? List.of() : List.copyOf(models);
    }

    /** The form of the document. */
    public static final String SCHEMA = "modelassay-cell/1";

    /**
     * What differs from run to run.
     *
     * @param started when, in UTC
     * @param seconds how long the JVM lived
     * @param peakResidentBytes most memory that was resident; {@code null} where the platform does not tell
     * @param exitCode of the JVM; {@code null} where it was not started
     */
    public record Measurement(
            String started,
            double seconds,
            @Nullable Long peakResidentBytes,
            @Nullable Integer exitCode) {}
}
