#ifndef CTESTSETTINGS_H
#define CTESTSETTINGS_H
/* Settings of the test process, made before its first test. */
#endif
