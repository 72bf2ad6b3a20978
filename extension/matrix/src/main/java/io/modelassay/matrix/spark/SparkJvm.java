package io.modelassay.matrix.spark;

import io.modelassay.matrix.MatrixException;
import io.modelassay.matrix.MatrixProblem;
import org.apache.spark.SparkContext;
import org.apache.spark.launcher.JavaModuleOptions;

/** What Spark asks of the driver's JVM. Executors get it from Spark itself. */
final class SparkJvm {
    static final String MAIN = "io.modelassay.cli.Main matrix …";
    static final String SUBMIT = "spark-submit --class io.modelassay.cli.Main modelassay.jar matrix …";

    /** One of the packages that Spark opens; without it no context starts. */
    private static final String OPENED = "sun.nio.ch";

    private SparkJvm() {}

    static void check() {
        if (!Object.class.getModule().isOpen(OPENED, SparkContext.class.getModule())) {
            throw new MatrixException(
                    MatrixProblem.MISSING_SPARK,
                    "Spark needs packages of the JDK that this JVM keeps closed, such as " + OPENED,
                    SUBMIT + ", or java " + JavaModuleOptions.defaultModuleOptions()
                            + " -cp \"$SPARK_HOME/jars/*:modelassay.jar\" " + MAIN);
        }
    }
}
