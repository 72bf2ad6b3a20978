package io.modelassay.matrix.spark;

import io.modelassay.matrix.MatrixException;
import io.modelassay.matrix.MatrixPlan;
import io.modelassay.matrix.MatrixProblem;
import io.modelassay.matrix.result.MatrixResult;
import io.modelassay.runtime.Progress;
import java.nio.file.Path;
import org.apiguardian.api.API;

/**
 * Runs the cells of a plan on the executors of an Apache Spark cluster. The report, the suites and what their tests read lie on
 * storage that the driver and all workers reach by the same paths and that has file locks; each worker resolves libraries into
 * its own local repository. Settings of Spark's are system properties {@code spark.…}, as everywhere.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class SparkRunner {
    private final String master;

    /**
     * A runner on a cluster.
     *
     * @param master Spark's master URL, such as {@code spark://host:7077} or {@code yarn}
     */
    public SparkRunner(String master) {
        this.master = master;
    }

    /**
     * Runs the cells that have no result in {@code report} yet, compares them, and writes the report.
     *
     * @throws MatrixException if Spark is not on the class path or gives up, or a suite cannot be run in any stack
     */
    public MatrixResult run(MatrixPlan plan, Path report, Progress progress) {
        try {
            SparkJvm.check();
            plan.write(report);
            SparkCells.run(SparkSettings.of(master, plan), plan, report, progress);
        } catch (NoClassDefFoundError e) {
            throw new MatrixException(
                    MatrixProblem.MISSING_SPARK,
                    "A matrix on " + master + " needs the jars of Apache Spark on the class path; there is no "
                            + String.valueOf(e.getMessage()).replace('/', '.'),
                    SparkJvm.SUBMIT + ", or java -cp \"$SPARK_HOME/jars/*:modelassay.jar\" " + SparkJvm.MAIN,
                    e);
        }
        MatrixResult result = plan.result(report);
        result.writeTo(report);
        return result;
    }
}
