/** What loaders and servers make of an artifact, by their published rules; nothing of them is run. */
@NullMarked
package io.modelassay.compatibility;

import org.jspecify.annotations.NullMarked;
