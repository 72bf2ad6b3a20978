package io.modelassay.matrix.spark;

import io.modelassay.matrix.Cell;
import io.modelassay.matrix.MatrixException;
import io.modelassay.matrix.MatrixPlan;
import io.modelassay.matrix.MatrixProblem;
import io.modelassay.runtime.Progress;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import scala.Function1;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.runtime.BoxedUnit;

/** The job of a plan: a task for each cell, whose answers are counted as they come. */
final class SparkCells {
    private SparkCells() {}

    /** Comes back when every cell has its result in {@code report}. */
    static void run(SparkConf settings, MatrixPlan plan, Path report, Progress progress) {
        List<CellAnswer> answers = new ArrayList<>();
        try (JavaSparkContext context = new JavaSparkContext(settings)) {
            submit(context, plan, report, answer -> {
                answers.add(answer);
                progress.step(
                        answer.cell() + " " + Objects.requireNonNullElse(answer.outcome(), "cannot run")
                                + "; cells done:",
                        answers.size(),
                        plan.cells().size());
            });
        } catch (Exception e) {
            throw new MatrixException(
                    MatrixProblem.SPARK_FAILED,
                    "Spark gave up at " + settings.get("spark.master") + ": "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
                    "the same again, which keeps the cells that are done, once the cluster is there and its workers reach "
                            + report,
                    e);
        }
        answers.stream()
                .map(CellAnswer::refusal)
                .filter(Objects::nonNull)
                .findFirst()
                .ifPresent(refusal -> {
                    throw refusal;
                });
    }

    private interface Answered {
        void by(CellAnswer answer);
    }

    /** Scala's call, as Java's has none that hands over each task's answer when it comes, and once. */
    private static void submit(JavaSparkContext context, MatrixPlan plan, Path report, Answered answered) {
        List<String> ids = plan.cells().stream().map(Cell::id).toList();
        CellTask task = new CellTask(report.toAbsolutePath().normalize().toString());
        JavaRDD<CellAnswer> cells =
                context.parallelize(new ArrayList<>(ids), ids.size()).map(task);
        context.sc()
                .runJob(
                        cells.rdd(),
                        (Function1<Iterator<CellAnswer>, CellAnswer> & Serializable) Iterator::next,
                        (partition, answer) -> {
                            answered.by(answer);
                            return BoxedUnit.UNIT;
                        },
                        ClassTag.apply(CellAnswer.class));
    }
}
