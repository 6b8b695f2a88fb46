CREATE TABLE workers (address TEXT PRIMARY KEY, stake INTEGER NOT NULL, slashed INTEGER NOT NULL DEFAULT 0);
INSERT INTO workers (address, stake) VALUES ('0x01', 1000), ('0x02', 2000);
SELECT address, stake FROM workers WHERE slashed = 0 ORDER BY stake DESC LIMIT 10;
